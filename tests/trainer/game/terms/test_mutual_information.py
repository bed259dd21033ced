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


def _term(**options):
    options = catalogue.MutualInformation(**options)
    return MutualInformation(options, Parts(None, None, PRIOR, None, None))


def _turn(answers):
    """Of latents of the prior, where Q answers `answers(latent)`."""
    latent = PRIOR.sample(KEYS)
    return turn_of(
        lambda x: x["sample"][:, 0],
        latent,
        latent,
        outputs=lambda x: answers(x["sample"]),
        given={"latent": latent},
    )


def _losses(answers, **weights):
    term, turn = _term(**weights), _turn(answers)
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


def _copied(latent):
    means, sharp = CODES.of(latent), tf.fill([len(latent), 2], -0.5 * math.log(2 * math.pi))
    return {
        "code_category": 100.0 * CATEGORY.of(latent),
        "code_codes": tf.concat([means, sharp], axis=1),
    }


def test_of_codes_that_are_copied_nothing_is_left_to_be_said():
    np.testing.assert_allclose(_losses(_copied), 0.0, atol=1e-5)


@pytest.mark.parametrize("weight", [1.0, 0.1])
def test_information_in_nats_is_none_of_an_ignored_code_and_all_of_a_copied_one(weight):
    """Whatever it weighs: 0 ≤ I(c; x) ≤ H(c) = ln 10 of ten categories; H(c) = 2 ln 2 of codes."""
    term = _term(weight=weight, continuous_weight=weight)
    copied, ignored = ({n: float(tf.reduce_mean(x)) for n, x in term.read(_turn(answers)).items()}
                       for answers in (_copied, _ignorant))  # fmt: skip
    assert set(copied) == {"information_of_category", "entropy_of_category", "information_of_codes"}
    assert copied["entropy_of_category"] == pytest.approx(math.log(10.0))
    assert copied["information_of_category"] == pytest.approx(math.log(10.0), abs=1e-5)
    assert copied["information_of_codes"] == pytest.approx(2.0 * math.log(2.0), abs=1e-5)
    assert ignored["information_of_category"] == pytest.approx(0.0, abs=1e-5)
    assert ignored["information_of_codes"] < 0.0


def test_of_a_deviation_of_one_the_density_is_bounded():
    """-log N(c; c, 1) = ½ log 2π a number: nothing is won by sharpness."""
    term = _term(deviation="one")
    assert term.needs["code_codes"].shape == (2,)

    def exact(latent):
        return {"code_category": 100.0 * CATEGORY.of(latent), "code_codes": CODES.of(latent)}

    expected = math.log(2.0 * math.pi)
    np.testing.assert_allclose(term.generator(_turn(exact)), expected, rtol=1e-5)
    off = minus_log_likelihood(tf.constant([[0.5]]), tf.constant([[-0.5]]), one_hot=False)
    assert float(off[0]) == pytest.approx(0.5 + 0.5 * expected, rel=1e-6)


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
    assert {name: f.shape for name, f in _term().needs.items()} == {
        "code_category": (10,),
        "code_codes": (4,),
    }
