import math

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.turns import turn_of
from trainer import catalogue, randomness
from trainer.game.parts import Parts
from trainer.game.priors import gaussian
from trainer.game.terms.mutual_information import MutualInformation, minus_log_likelihood

PRIOR = gaussian(catalogue.GaussianPrior(size=3, categorical=(10,), continuous=2))
KEYS = randomness.key_of(tf.range(64, dtype=tf.int64), "latent")
CATEGORY, CODES = PRIOR.codes


def _losses(answers, **weights):
    """Of latents of the prior, where Q answers `answers(latent)`."""
    latent = PRIOR.sample(KEYS)
    options = catalogue.MutualInformation(**weights)
    term = MutualInformation(options, Parts(None, None, PRIOR, None, None))
    turn = turn_of(
        lambda x: x["sample"][:, 0],
        latent,
        latent,
        outputs=lambda x: answers(x["sample"]),
        given={"latent": latent},
    )
    np.testing.assert_array_equal(term.discriminator(turn), term.generator(turn))
    return term.generator(turn).numpy()


def _ignorant(latent):
    rows = len(latent)
    return {"code_category": tf.zeros([rows, 10]), "code_codes": tf.zeros([rows, 4])}


def test_of_a_category_that_is_ignored_the_information_is_nothing():
    """The loss is H(c) = log 10; a Gaussian of deviation 1 about 0 adds ½c² + ½ log 2π a code."""
    only = _losses(_ignorant, continuous_weight=1e-12)
    np.testing.assert_allclose(only, math.log(10.0), rtol=1e-6)
    codes = CODES.of(PRIOR.sample(KEYS)).numpy()
    both = math.log(10.0) + np.sum(0.5 * codes**2 + 0.5 * math.log(2 * math.pi), axis=1)
    np.testing.assert_allclose(_losses(_ignorant), both, rtol=1e-5)


def test_of_codes_that_are_copied_nothing_is_left_to_be_said():
    def copied(latent):
        means, sharp = CODES.of(latent), tf.fill([len(latent), 2], -0.5 * math.log(2 * math.pi))
        return {
            "code_category": 100.0 * CATEGORY.of(latent),
            "code_codes": tf.concat([means, sharp], axis=1),
        }

    np.testing.assert_allclose(_losses(copied), 0.0, atol=1e-5)


def test_weights_are_of_the_kinds_of_codes():
    only = _losses(_ignorant, continuous_weight=1e-12)
    rest = _losses(_ignorant) - only
    weighted = _losses(_ignorant, weight=2.0, continuous_weight=0.5)
    np.testing.assert_allclose(weighted, 2.0 * only + 0.5 * rest, rtol=1e-5)


@pytest.mark.parametrize(("mean", "deviation"), [(0.3, 0.5), (-1.0, 2.0)])
def test_of_a_continuous_code_it_is_the_gaussian_density(mean, deviation):
    code = tf.constant([[0.7]])
    answer = tf.constant([[mean, math.log(deviation)]])
    density = math.exp(-((0.7 - mean) ** 2) / (2 * deviation**2)) / (
        deviation * math.sqrt(2 * math.pi)
    )
    (loss,) = minus_log_likelihood(code, answer, one_hot=False)
    assert float(loss) == pytest.approx(-math.log(density), rel=1e-6)


def test_it_asks_for_as_many_numbers_as_its_codes_have_parameters():
    term = MutualInformation(catalogue.MutualInformation(), Parts(None, None, PRIOR, None, None))
    assert {name: f.shape for name, f in term.needs.items()} == {
        "code_category": (10,),
        "code_codes": (4,),
    }
