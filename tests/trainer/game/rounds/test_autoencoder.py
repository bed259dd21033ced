"""The VAE's two terms against their closed forms, and a game with one side only."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from trainer.data import pipeline
from trainer.errors import ConfigError
from trainer.game.assembly import assemble
from trainer.game.rounds.autoencoder import minus_log_likelihood


def test_the_gaussian_likelihood_is_a_density_summed_over_pixels():
    x, made = np.array([[0.3, -0.2]], np.float32), np.array([[0.1, 0.4]], np.float32)
    density = np.exp(-0.5 * ((x - made) / 0.5) ** 2) / (0.5 * math.sqrt(2 * math.pi))
    found = minus_log_likelihood(tf.constant(x), tf.constant(made), deviation=0.5, bernoulli=False)
    assert float(found[0]) == pytest.approx(-np.log(density).sum(), rel=1e-5)


def test_the_bernoulli_likelihood_reads_both_as_probabilities():
    x, made = tf.constant([[1.0, -1.0, 0.0]]), tf.constant([[0.5, 0.0, -0.5]])
    found = minus_log_likelihood(x, made, deviation=1.0, bernoulli=True)
    expected = -(math.log(0.75) + math.log(0.5) + 0.5 * math.log(0.25) + 0.5 * math.log(0.75))
    assert float(found[0]) == pytest.approx(expected, rel=1e-5)


def test_a_game_of_one_side_has_one_optimizer_and_learns(digits):
    game = assemble(tiny("vae-digits"), digits.spec, examples=digits.train)
    gan = game.gan
    assert set(gan.networks) == {"generator", "encoder"} and set(gan.optimizers) == {"generator"}
    step = tf.function(gan.train_step, autograph=False)
    batches = iter(pipeline.batches(digits.train, batch_size=64, seed=0))
    elbos = [float(step(next(batches))["elbo"]) for _ in range(30)]
    assert np.mean(elbos[-5:]) > np.mean(elbos[:5])
    assert "score" not in game.live.signatures and "reconstruct" in game.live.signatures


def test_a_plain_one_decodes_what_it_encodes_and_pays_nothing_else(digits):
    game = assemble(tiny("autoencoder-digits"), digits.spec, examples=digits.train)
    gan = game.gan
    batch = next(iter(pipeline.batches(digits.train, batch_size=16, seed=0)))
    x = tf.cast(batch["sample"][:, 0], tf.float32) / 127.5 - 1.0
    z = gan.networks["encoder"]({"sample": x}, training=True)
    assert set(z) == {"mean"}
    made = gan.networks["generator"]({"latent": z["mean"]}, training=True)["sample"]
    expected = minus_log_likelihood(x, made, deviation=1.0, bernoulli=True)
    found = gan.train_step(batch)
    assert set(found) == {"reconstruction_loss"}
    assert float(found["reconstruction_loss"]) == pytest.approx(float(np.mean(expected)), rel=1e-4)
    assert "log_weight" not in game.live.signatures and "reconstruct" in game.live.signatures


def test_a_plain_one_with_statistics_of_the_prior_is_refused():
    with pytest.raises(ConfigError, match=r"set network\.generator_normalization to layer or none"):
        tiny("vae-digits", "round.variational=false")


@pytest.mark.parametrize(
    ("override", "word"),
    [("prior=uniform", "set prior=gaussian"), ("wrappers=[pack]", "has no discriminator")],
)
def test_what_it_cannot_use_is_refused(override, word):
    with pytest.raises(ConfigError, match=word):
        tiny("vae-digits", override)
