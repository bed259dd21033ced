import numpy as np
import pytest

from trainer.catalogue import MovingDigits
from trainer.config.experiment import Data
from trainer.config.recipe import load_experiment
from trainer.data import loading
from trainer.data.holdout import held_out_mask
from trainer.data.sources import digits
from trainer.data.sources.moving_digits import draw, motion_of
from trainer.errors import ConfigError

KNOWN = np.arange(1797)


def load(**options):
    return loading.load(Data(source={"name": "moving_digits", "clips": 40, **options}))


def test_clips_are_digits_at_places_that_are_known():
    dataset, levels = load(frames=6), digits.read()[0]
    clips, options = dataset.train["sample"], MovingDigits(clips=40, frames=6)
    assert clips.shape == (36, 6, 16, 16, 1) and dataset.spec.sample.kind == "clip"
    known = np.flatnonzero(~held_out_mask(1797, 0.1, digits.read()[1]))
    motion = motion_of(7, known, options)
    np.testing.assert_array_equal(clips[7], draw(levels[motion.which], motion.places, 16))
    row, column = motion.places[3, 0]
    seen = clips[7, 3, row : row + 8, column : column + 8]
    np.testing.assert_array_equal(seen, levels[motion.which[0]])
    assert clips[7, 3].sum() == seen.sum()
    assert dataset.train["label"][7] == digits.read()[1][motion.which[0]]


def test_motion_is_straight_by_whole_pixels_and_turns_round_at_edges():
    options = MovingDigits(frames=30, digits=2, speed=2)
    for number in range(20):
        places = motion_of(number, KNOWN, options).places
        assert places.min() >= 0 and places.max() <= 8
        steps = np.diff(places, axis=0)
        assert np.abs(steps).max() <= 2
        inside = (places[1:-1] > 2).all(axis=-1) & (places[1:-1] < 6).all(axis=-1)
        np.testing.assert_array_equal(steps[1:][inside], steps[:-1][inside])
        # A digit that stands still in one direction moves in the other.
        assert (np.abs(steps).sum(axis=(0, 2)) > 0).all()


def test_a_clip_depends_on_its_number_and_options_alone():
    few, many = (load(clips=count).train["sample"] for count in (20, 40))
    np.testing.assert_array_equal(few[:18], many[:18])
    motion = motion_of(0, KNOWN, MovingDigits(frames=4))
    assert (motion.which.tolist(), motion.places[:, 0].tolist()) == GOLDEN


GOLDEN = ([1025], [[0, 3], [2, 1], [4, 1], [6, 3]])


def test_all_velocities_but_rest_are_as_likely():
    options = MovingDigits(frames=2, side=64, speed=1)
    steps = [np.diff(motion_of(n, KNOWN, options).places, axis=0)[0, 0] for n in range(800)]
    found, counts = np.unique(np.array(steps), axis=0, return_counts=True)
    assert len(found) == 8 and not (found == 0).all(axis=1).any()
    assert counts.min() > 60


def test_digits_that_overlap_show_the_brighter_pixel():
    levels = np.stack([np.full((8, 8, 1), 100, np.uint8), np.full((8, 8, 1), 200, np.uint8)])
    frame = draw(levels, np.array([[[0, 0], [4, 4]]]), 12)[0, ..., 0]
    assert (frame[0, 0], frame[4, 4], frame[11, 11], frame[0, 11]) == (100, 200, 200, 0)


def test_the_past_is_given_and_held_out_digits_are_never_trained_on():
    whole, parted = load(frames=5), load(frames=5, past=3)
    assert list(parted.train.tables[0]) == ["clip", "sample", "label"]
    assert parted.train["clip"].shape == (36, 3, 16, 16, 1)
    both = np.concatenate([parted.train["clip"], parted.train["sample"]], axis=1)
    np.testing.assert_array_equal(both, whole.train["sample"])
    # The brightest 8x8 pixels of a frame are the digit.
    known = {levels.tobytes() for levels in digits.read()[0]}
    parts = (whole.train, whole.held_out)
    shapes = [{_digit(clip[0]) for clip in part["sample"]} for part in parts]
    assert len(whole.held_out) == 4 and shapes[0] | shapes[1] <= known
    assert not shapes[0] & shapes[1]


def _digit(frame):
    sums = [(frame[r : r + 8, c : c + 8].sum(dtype=int), r, c) for r in range(9) for c in range(9)]
    # Borders of digits may be black, so that several places show all of it.
    most = max(sums)[0]
    for levels, r, c in sums:
        patch = frame[r : r + 8, c : c + 8].tobytes()
        if levels == most and patch in _KNOWN:
            return patch
    return b""


_KNOWN = {levels.tobytes() for levels in digits.read()[0]}


def test_several_digits_have_no_label():
    assert "label" not in load(digits=2).spec.fields


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("frames: 6, past: 5", "received 5 with clips of 6 frames"),
        ("frames: 6, past: 1", "received 1 with clips of 6 frames"),
        ("frames: 1", "frames"),
        ("side: 10, speed: 3", "received 3 with side=10"),
    ],
)
def test_what_is_no_clip_is_refused(options, words):
    with pytest.raises(ConfigError, match=words):
        load_experiment("mlp-ring", [f"data.source={{name: moving_digits, {options}}}"])
