import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.turns import noise_of, turn_of
from trainer import catalogue
from trainer.config.recipe import load_experiment
from trainer.errors import ConfigError
from trainer.game import priors
from trainer.game.parts import Parts
from trainer.game.terms.mode_seeking import ModeSeeking


class Generator:
    """G(z, c) = a z + c: every fake lies a times as far from another as their latents do."""

    def __init__(self, hears):
        self.hears = hears

    def __call__(self, inputs, *, freeze_statistics):
        assert freeze_statistics
        return {"sample": self.hears * inputs["latent"] + inputs["condition"]}


def loss_of(hears, weight=1.0):
    prior = priors.gaussian(catalogue.GaussianPrior(size=3))
    term = ModeSeeking(catalogue.ModeSeeking(weight=weight), Parts(None, None, prior, None, None))
    noise = noise_of(4)
    given = {"latent": prior.sample(noise.keys("latent")), "condition": tf.ones([4, 3])}
    generator = Generator(hears)
    fake = generator(given, freeze_statistics=True)
    turn = turn_of(lambda x: x["sample"][:, 0], None, fake, noise, given=given)
    turn.players["generator"] = generator
    return term.generator(turn)


def test_the_loss_is_the_reciprocal_of_how_far_fakes_lie_apart():
    np.testing.assert_allclose(loss_of(0.5), [1.0 / (0.5 + 1e-5)] * 4, rtol=1e-4)
    np.testing.assert_allclose(loss_of(-2.0, weight=3.0), [1.5] * 4, rtol=1e-4)


def test_a_generator_that_ignores_its_latent_pays_a_finite_price():
    np.testing.assert_allclose(loss_of(0.0), [1e5] * 4, rtol=1e-3)


@pytest.mark.parametrize(
    ("recipe", "overrides", "words"),
    [
        ("bigan-digits", [], "with the round 'pairs', which makes no second fake"),
        ("pix2pix-digits", ["prior={name: none}"], "a prior of no numbers"),
    ],
)
def test_games_without_a_second_fake_are_refused(recipe, overrides, words):
    with pytest.raises(ConfigError, match=words):
        load_experiment(recipe, [*overrides, "terms=[mode_seeking]"])
