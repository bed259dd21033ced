"""The latent regressor: what its encoder minimises, whom it moves, and what it offers."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from tests.specs import spec_of
from trainer.data import pipeline
from trainer.game.assembly import assemble, make_round

A = np.array([[2.0, 1.0], [0.0, 0.5]], np.float32)
Z = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)


def _round(joint):
    experiment = tiny(
        "mlp-ring", f"round={{name: latent_regressor, joint: {joint}, weight: 0.5}}", "prior.size=2"
    )
    return make_round(experiment, spec_of((2,), "float32", (-1.0, 1.0)))


def _gradients(matrix, joint):
    """The loss of E(x) = matrix · x on samples A z, and its gradients by matrix and samples."""
    weights, fake = tf.constant(matrix), tf.constant(Z @ A.T)
    with tf.GradientTape() as tape:
        tape.watch([weights, fake])
        encoder = {"encoder": lambda inputs: {"latent": inputs["sample"] @ tf.transpose(weights)}}
        given = {"latent": tf.constant(Z)}
        losses = _round(joint).further(encoder, {"sample": fake}, given).losses["regression_loss"]
    return losses, *tape.gradient(losses, [weights, fake])


def test_where_the_encoder_inverts_a_linear_generator_nothing_is_left():
    losses, gradient, _ = _gradients(np.linalg.inv(A), "false")
    np.testing.assert_allclose(losses, 0.0, atol=1e-10)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-5)


@pytest.mark.parametrize("joint", ["false", "true"])
def test_elsewhere_it_is_a_least_squares_problem_which_the_generator_may_share(joint):
    matrix = np.array([[1.0, 0.0], [0.5, 1.0]], np.float32)
    losses, by_matrix, by_fake = _gradients(matrix, joint)
    error = Z @ A.T @ matrix.T - Z
    np.testing.assert_allclose(losses, 0.5 * np.square(error).sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(by_matrix, error.T @ (Z @ A.T), rtol=1e-4)
    if joint == "false":
        assert by_fake is None
    else:
        np.testing.assert_allclose(by_fake, error @ matrix, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("fresh", ["true", "false"])
def test_a_step_moves_the_encoder_and_the_game_offers_both_ways(digits, fresh):
    game = assemble(
        tiny("regressor-digits", f"round.fresh_latents={fresh}"), digits.spec, examples=digits.train
    )
    batch = next(iter(pipeline.batches(digits.train, batch_size=16, seed=0)))
    before = [v.numpy() for v in game.gan.networks["encoder"].trainable_variables]
    assert np.isfinite(float(game.gan.train_step(batch)["regression_loss"]))
    after = game.gan.networks["encoder"].trainable_variables
    assert not any(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    offered = {"encode", "reconstruct", "anomaly_score", "score", "generate", "decode"}
    assert offered <= set(game.live.signatures)
