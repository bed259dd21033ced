"""GLO: whose code is whose, how pictures are compared, and where samples come from."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from trainer.data import pipeline
from trainer.errors import ConfigError
from trainer.game.assembly import assemble
from trainer.game.rounds.latent_optimization import laplacian_distance, principal_codes


@pytest.fixture(scope="module")
def game(digits):
    return assemble(
        tiny("glo-digits", "optimizers.generator={name: sgd, learning_rate: 1e-4}"),
        digits.spec,
        examples=digits.train,
    )


def _codes(gan):
    (table,) = gan.networks["codes"].trainable_variables
    return table.numpy()


def test_a_step_moves_the_codes_of_its_own_examples_alone(game, digits):
    gan = game.gan
    batches = pipeline.batches(digits.train, batch_size=16, seed=gan.seed, start_step=200)
    gan.step.assign(200)  # in the second epoch, whose order is another one
    batch = next(iter(batches))
    before = _codes(gan)
    gan.train_step(batch)
    moved = np.flatnonzero(np.abs(_codes(gan) - before).max(axis=1))
    own = {sample.tobytes() for sample in batch["sample"][:, 0].numpy()}
    assert {digits.train["sample"][row].tobytes() for row in moved} == own and len(moved) == 16


def test_codes_are_in_the_unit_ball_and_move_at_their_rate(digits):
    built = assemble(tiny("glo-digits", "networks.codes.rate=5"), digits.spec).gan
    (table,) = built.networks["codes"].trainable_variables
    table.assign(0.1 * tf.ones(table.shape))
    codes = built.networks["codes"]({"example": tf.constant([3, 4], tf.int64)})["latent"]
    # Eight numbers of five times 0.1 have length √2.
    np.testing.assert_allclose(codes, np.full([2, 8], 8**-0.5), rtol=1e-6)
    table.assign(0.01 * tf.ones(table.shape))
    codes = built.networks["codes"]({"example": tf.constant([3], tf.int64)})["latent"]
    np.testing.assert_allclose(codes, np.full([1, 8], 0.05), rtol=1e-6)


def test_codes_begin_at_the_examples_principal_components(digits):
    gan = assemble(tiny("glo-digits"), digits.spec).gan
    gan.begin(digits.train)
    everyone = np.arange(len(digits.train))
    codes = np.asarray(gan.networks["codes"]({"example": everyone})["latent"], np.float64)
    lengths = np.linalg.norm(codes, axis=1)
    assert lengths.max() == pytest.approx(1.0, rel=1e-5)
    x = digits.train["sample"].reshape(len(digits.train), -1).astype(np.float64)
    left, values, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    scores = left[:, :8] * values[:8]
    scores /= np.linalg.norm(scores, axis=1).max()
    # Components have no sign of their own.
    signs = np.sign(np.sum(codes * scores, axis=0))
    np.testing.assert_allclose(codes, scores * signs, atol=1e-4)


def test_components_that_the_data_lacks_are_zero_and_many_examples_go_block_by_block():
    x = np.random.default_rng(0).normal(size=(5000, 2)).astype(np.float32)
    codes = principal_codes(x, 4)
    assert codes.dtype == np.float32 and not codes[:, 2:].any()
    assert np.linalg.norm(codes, axis=1).max() == pytest.approx(1.0)
    distances = np.linalg.norm(x[:50] - x[50:100], axis=1)
    kept = np.linalg.norm(codes[:50] - codes[50:100], axis=1)
    np.testing.assert_allclose(distances / kept, np.full(50, (distances / kept)[0]), rtol=1e-4)


def test_latents_have_the_mean_and_the_covariance_of_the_codes(game):
    live = game.live
    (table,) = game.gan.networks["codes"].trainable_variables
    before = table.numpy()
    mix = np.random.default_rng(0).normal(size=(8, 8)) / 40
    table.assign(before @ mix.astype(np.float32) + 0.004)
    codes = np.asarray(game.gan.networks["codes"]({"example": np.arange(len(before))})["latent"])
    drawn = live.run("latents", {"seed": np.arange(20_000)})["latent"]
    deviation = codes.std(axis=0).max()
    np.testing.assert_allclose(drawn.mean(0), codes.mean(0), atol=5 * deviation / np.sqrt(20_000))
    expected = np.cov(codes.T, bias=True)
    np.testing.assert_allclose(np.cov(drawn.T), expected, atol=0.05 * expected.max())
    table.assign(before)


def test_the_laplacian_distance_by_hand():
    x = np.zeros((1, 4, 4, 1), np.float32)
    x[0, 0, 0] = 1.0
    # Level 0: the mean 1/4 of its block is lost to three pixels, 3/4 to one: 3/2. Level 1: halved
    # to one pixel of 1/4 among four, 4 (3/16 + 3/16). Level 2: the mean of all, 16 · 1/16.
    expected = [1.0, 1.5 + 4 * 0.25, 1.5 + 4 * 0.375 + 16 / 16]
    for levels in (1, 2, 3):
        found = laplacian_distance(tf.constant(x), tf.zeros_like(x), levels)
        assert float(found[0]) == pytest.approx(expected[levels - 1]), levels
    again = laplacian_distance(tf.constant(x), tf.zeros_like(x), 9)
    assert float(again[0]) == pytest.approx(expected[2])


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["prior=uniform"], "set prior=gaussian"),
        (["condition=label"], "set condition=none"),
        (["network.generator_normalization=batch"], "to layer or none"),
        (["data.flip=true"], "one latent an example"),
        (["networks.codes={name: 'own:Codes'}"], "set it to random"),
        (["networks.codes=mlp"], "networks.codes: received 'mlp', which has no codes"),
    ],
)
def test_what_it_cannot_use_is_refused(overrides, words):
    with pytest.raises(ConfigError, match=words):
        tiny("glo-digits", *overrides)
