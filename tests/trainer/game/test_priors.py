"""Latents: their layout and distribution, and that the noise is what it has always been."""

import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue, randomness
from trainer.game import priors

KEYS = randomness.key_of(tf.range(4000, dtype=tf.int64), "latent")
CODES = {"categorical": (10, 3), "continuous": 2}
# Standard normal noise and uniform noise of the seeds 0 to 2, drawn once; they may never change.
GOLDEN = {
    "gaussian": [[1.359479, 1.290342], [1.109422, -0.9947234], [1.136614, 0.851542]],
    "uniform": [[0.6547327, -0.7583032], [0.3409785, 0.7673342], [0.2704743, -0.795332]],
}


def _prior(name, **options):
    if name == "gaussian":
        return priors.gaussian(catalogue.GaussianPrior(**options))
    return priors.uniform(catalogue.UniformPrior(**options))


def test_noise_comes_first_then_categories_then_continuous_codes():
    prior = _prior("gaussian", size=5, **CODES)
    assert [part.describe() for part in prior.parts] == [
        {"name": "noise", "kind": "noise", "start": 0, "size": 5},
        {"name": "category", "kind": "one_hot", "start": 5, "size": 10},
        {"name": "category_1", "kind": "one_hot", "start": 15, "size": 3},
        {"name": "codes", "kind": "continuous", "start": 18, "size": 2},
    ]
    assert prior.size == 20 and prior.ports["latent"].shape == (20,)
    assert prior.sample(KEYS).shape == (4000, 20)


@pytest.mark.parametrize("name", GOLDEN)
def test_codes_change_nothing_of_the_noise(name):
    plain, coded = _prior(name, size=5), _prior(name, size=5, **CODES)
    noise = coded.parts[0].of(coded.sample(KEYS)).numpy()
    np.testing.assert_array_equal(noise, plain.sample(KEYS).numpy())
    np.testing.assert_allclose(noise[:3, :2], GOLDEN[name], rtol=1e-6)


def test_categories_are_one_of_many_and_equally_likely():
    prior = _prior("uniform", size=2, **CODES)
    latent = prior.sample(KEYS)
    counted = []
    for part in prior.codes[:2]:
        code = part.of(latent).numpy()
        assert set(np.unique(code)) == {0.0, 1.0} and (code.sum(axis=1) == 1.0).all()
        share = 1.0 / part.size
        deviation = np.sqrt(share * (1.0 - share) / len(code))
        np.testing.assert_allclose(code.mean(axis=0), share, atol=5 * deviation)
        counted.append(code.argmax(axis=1))
    # The two are drawn apart: no pair of categories is likelier than another.
    pairs = np.bincount(3 * counted[0] + counted[1], minlength=30) / len(counted[0])
    np.testing.assert_allclose(pairs, 1 / 30, atol=5 * np.sqrt(1 / 30 / len(counted[0])))


def test_continuous_codes_are_uniform_and_apart_from_the_noise():
    prior = _prior("uniform", size=2, continuous=2)
    latent = prior.sample(KEYS).numpy()
    codes = latent[:, 2:]
    assert codes.min() >= -1.0 and codes.max() < 1.0
    np.testing.assert_allclose(codes.mean(axis=0), 0.0, atol=5 / np.sqrt(3 * len(codes)))
    np.testing.assert_allclose(codes.var(axis=0), 1 / 3, atol=5 * np.sqrt(4 / 45 / len(codes)))
    correlations = np.corrcoef(latent.T)[np.triu_indices(4, 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(len(codes))


def test_a_row_has_the_same_codes_wherever_it_lies():
    prior = _prior("gaussian", size=3, **CODES)
    some = randomness.Key(KEYS.high[5:9], KEYS.low[5:9])
    np.testing.assert_array_equal(prior.sample(some), prior.sample(KEYS)[5:9])


def test_without_a_prior_there_is_no_latent():
    prior = priors.nothing(catalogue.NoPrior())
    assert prior.size == 0 and prior.ports == {} and prior.codes == ()
