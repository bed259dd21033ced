"""What the benchmarks of latents measure, on numbers worked out by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import autoencoder_likelihood, encoder_neighbours, inpainting_starts, latent_walks
from benchmarks.searched import Completion, Path, steps_to
from tests.conftest import tiny
from trainer import catalogue
from trainer.training import train


def _path(loss, start_seconds, step_seconds):
    loss = np.array(loss, float).T
    return Path(loss, loss, np.zeros((2, 1)), start_seconds, step_seconds)


def test_steps_to_a_target_are_counted_and_infinite_where_it_is_never_met():
    values = np.array([[3.0, 5.0, 1.0], [2.0, 4.0, 1.0], [1.0, 4.0, 1.0]])
    np.testing.assert_array_equal(steps_to(values, np.array([2.0, 3.0, 1.0])), [1, np.inf, 0])


def test_a_path_is_compared_where_the_plain_one_ends():
    plain = _path([[4, 3, 2, 2, 1], [4, 4, 4, 4, 3]], 0.0, 1.0)
    near = _path([[2, 1, 1, 1, 1], [5, 5, 5, 5, 5]], 0.5, 1.0)
    found = inpainting_starts.compared(plain, near)
    # Of the first picture 4 steps against 1, in 4 seconds against 1.5; the second is never there.
    assert found["steps, to equal loss"] == pytest.approx((4 + 0) / 2)
    assert found["seconds, to equal loss"] == pytest.approx((4 / 1.5 + 0) / 2)
    assert found["never at that loss"] == 0.5


def test_holes_are_where_they_are_said_to_be():
    centre, half, few = (
        inpainting_starts.holed(name, (3, 8, 8)) for name in inpainting_starts.MASKS
    )
    assert (centre == 0).sum() == 3 * 16 and centre[0, 2, 2, 0] == 0 == centre[0, 5, 5, 0]
    assert (half[:, :, :4] == 0).all() and (half[:, :, 4:] == 1).all()
    assert 0.7 < (few == 0).mean() < 0.9


def test_the_nearest_training_picture_is_so_where_pixels_are_known():
    train_, image = np.zeros((2, 2, 2, 1), np.uint8), np.zeros((1, 2, 2, 1), np.uint8)
    train_[0, 0], train_[1, 1], image[0, 1] = 9, 200, 255
    known = np.array([[[[0], [0]], [[1], [1]]]], np.uint8)
    nearest = inpainting_starts.nearest_known(image, known, train_)
    np.testing.assert_array_equal(nearest, train_[1:])


@pytest.mark.integration
def test_a_completion_is_watched_as_the_signature_would_answer(digits, tmp_path):
    overrides = ("network={name: mlp, units: [8]}", "export.searches=[]")
    train(tiny("inpainting-digits", *overrides), tmp_path / "run", progress=False)
    options = catalogue.Complete(window=3, pool=8)
    completion = Completion(str(tmp_path / "run"), options)
    images, known = digits.held_out["sample"][:3], inpainting_starts.holed("half", (3, 8, 8))
    path = completion.path(images, known, 4)
    assert path.loss.shape == path.error.shape == (5, 3)
    assert (np.diff(path.loss, axis=0) <= 0).all() and (path.error >= 0).all()
    # Further from where it came to, nothing is lost.
    further = completion.path(images, known, 2, start=path.latent)
    np.testing.assert_allclose(further.loss[0], path.loss[-1], rtol=1e-5)
    assert further.start_seconds == 0.0


def test_codes_are_of_the_class_of_their_neighbour():
    codes, labels = np.array([[0.0], [1.0], [5.0]]), np.array([0, 1, 2])
    asked, truth = np.array([[0.2], [0.9], [3.5]]), np.array([0, 0, 2])
    assert encoder_neighbours.accuracy(codes, labels, asked, truth) == pytest.approx(2 / 3)


def test_pixels_alone_have_the_entropy_of_a_coin_where_they_are_one():
    train_ = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1) * np.ones((1, 2, 2, 1), np.uint8)
    assert autoencoder_likelihood.pixels_alone(train_, train_) == pytest.approx(4 * np.log(2))


class _Reader:
    """Pictures [n, 2]: the first number is the width, the second one the digit."""

    middle = 0.0

    def widths(self, pictures):
        return pictures[:, 0]

    def digits(self, pictures):
        return np.sign(pictures[:, 1])


def test_where_latents_are_what_is_seen_a_direction_flips_it_and_keeps_the_rest():
    latents = np.random.RandomState(1).choice([-1.0, 1.0], (40, 2))
    found = latent_walks.arithmetic(latents, latents, lambda z: z, _Reader())
    assert found == {"strokes flip": 1.0, "same digit": 1.0, "both": 1.0}
    # Of one digit alone there is no other to take means of, and nothing moves.
    alike = latents * [1.0, 0.0]
    assert latent_walks.arithmetic(alike, alike, lambda z: z, _Reader())["strokes flip"] == 0.0


def test_a_midpoint_lies_half_way_at_the_length_of_its_ends():
    latents = np.array([[1.0, 0.0], [0.0, 1.0]] * 4)
    seen = []
    reader = SimpleNamespace(
        digits=lambda pictures: np.arange(len(pictures)) % 2, confidence=lambda pictures: 1.0
    )
    latent_walks.midpoints(latents, 255 * latents, lambda z: seen.append(z) or z, reader)
    np.testing.assert_allclose(np.abs(seen[0]), np.sqrt(0.5), rtol=1e-6)
    reader.digits = lambda pictures: np.zeros(len(pictures))
    alike = latent_walks.midpoints(latents, 255 * latents, lambda z: z, reader)
    assert alike["sure at the ends"] == 1.0 and np.isnan(alike["sure at midpoints"])
