"""A game with one side only; its terms are tested in test_likelihoods.py and test_posterior.py."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from tests.recipes import small
from trainer.data import loading, pipeline
from trainer.errors import ConfigError
from trainer.game.assembly import assemble
from trainer.game.likelihoods import Bernoulli


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
    made = gan.networks["generator"]({"latent": z["mean"]}, training=True)
    expected = Bernoulli().minus_log(x, made)
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


@pytest.mark.parametrize(
    ("recipe", "likelihood", "word"),
    [
        ("vae-digits", "mixed", "set it to gaussian or bernoulli"),
        ("tvae-loans", "gaussian", "mixed"),
    ],
)
def test_a_likelihood_of_other_samples_is_refused(recipe, likelihood, word, tmp_path):
    experiment = small(recipe, tmp_path, f"round.likelihood={likelihood}")
    with pytest.raises(ConfigError, match=rf"round\.likelihood: received '{likelihood}'.*{word}"):
        assemble(experiment, loading.load(experiment.data).spec)
