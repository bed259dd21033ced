"""Bounds on likelihoods: a linear autoencoder, whose likelihood has a closed form."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import multivariate_normal

from trainer import randomness
from trainer.errors import MetricError
from trainer.game.likelihoods import Gaussian
from trainer.game.posterior import divergence, log_weight, sampled
from trainer.metrics.importance import WeightSums, estimates

# x = W z + b + s ε with orthogonal columns, so that the posterior's covariance is diagonal.
_RANDOM = np.random.default_rng(0)
_Q = np.linalg.qr(_RANDOM.normal(size=(6, 2)))[0]
W, B, S = _Q * np.array([1.5, 0.6]), _RANDOM.normal(size=6), 0.4
X = _RANDOM.normal(size=(5, 6)).astype(np.float32)
# Probabilistic PCA: p(x) = N(b, W Wᵀ + s² I) (Tipping & Bishop 1999).
LOG_P = multivariate_normal(B, W @ W.T + S**2 * np.eye(6)).logpdf(X)


def _posterior(shift=0.0):
    """The true posterior, or one whose mean is off."""
    precision = (W**2).sum(axis=0) + S**2
    mean = (X - B) @ W / precision + shift
    log_variance = np.broadcast_to(np.log(S**2 / precision), mean.shape)
    return {
        "mean": tf.constant(mean, tf.float32),
        "log_variance": tf.constant(log_variance, tf.float32),
    }


def _log_weights(posterior, number):
    seeds = tf.range(5, dtype=tf.int64) + 5 * number
    z = sampled(posterior, randomness.key_of(seeds, "posterior"))
    made = tf.linalg.matmul(z, tf.constant(W.T, tf.float32)) + tf.constant(B, tf.float32)
    distortion = Gaussian(S).minus_log(tf.constant(X), {"sample": made})
    return log_weight(posterior, z, distortion), distortion


def test_under_the_true_posterior_every_weight_is_the_likelihood_of_probabilistic_pca():
    for number in range(3):
        weights, _ = _log_weights(_posterior(), number)
        np.testing.assert_allclose(weights, LOG_P, rtol=1e-4)


def test_a_linear_autoencoder_learns_probabilistic_pca():
    """Its bound is largest, and the likelihood of the data, at the principal components.

    With noise s the best W is U (Λ - s² I)^½ (Tipping & Bishop 1999, equation 7), U and Λ the first
    eigenvectors and eigenvalues of the covariance; the best encoder is the true posterior. What is
    drawn enters in squares only, so points at ±√2 σ along each of two latents stand for all.
    """
    data = X.astype(np.float64)
    values, vectors = np.linalg.eigh(np.cov(data.T, bias=True))
    first, u = values[:-3:-1], vectors[:, :-3:-1]
    noise = float(np.sqrt(0.3 * first[1]))
    w = u * np.sqrt(first - noise**2)
    precision = (w**2).sum(axis=0) + noise**2
    parts = (w, data.mean(axis=0), w / precision, np.log(noise**2 / precision))
    weights = [tf.constant(part, tf.float64) for part in parts]
    with tf.GradientTape() as tape:
        tape.watch(weights)
        w, b, encoder, log_variance = weights
        x = tf.constant(data)
        mean = (x - b) @ encoder
        posterior = {"mean": mean, "log_variance": tf.ones_like(mean) * log_variance}
        bounds = []
        for axis in np.sqrt(2.0) * np.concatenate([np.eye(2), -np.eye(2)]):
            made = (mean + tf.exp(0.5 * log_variance) * axis) @ tf.transpose(w) + b
            distortion = Gaussian(noise).minus_log(x, {"sample": made})
            bounds.append(-distortion - divergence(posterior))
        bound = tf.reduce_mean(bounds)
    for gradient in tape.gradient(bound, weights):
        np.testing.assert_allclose(gradient, 0.0, atol=1e-9)
    model = multivariate_normal(data.mean(axis=0), parts[0] @ parts[0].T + noise**2 * np.eye(6))
    assert float(bound) == pytest.approx(model.logpdf(data).mean(), abs=1e-9)


def test_under_another_posterior_the_bounds_are_below_and_the_second_rises():
    posterior, sums, distortions = _posterior(0.3), WeightSums.none(5), []
    few = None
    for number in range(2000):
        weights, distortion = _log_weights(posterior, number)
        sums = sums.plus(weights)
        distortions.append(distortion)
        few = sums if number == 4 else few
    elbo, likelihood = estimates(sums, 2000)
    truth, bound_of_few = LOG_P.mean(), estimates(few, 5)[1].value
    # The bound falls short by KL(q ‖ p(z | x)) = ½ Σ shift² / variance.
    gap = 0.5 * np.sum(0.3**2 / np.exp(posterior["log_variance"][0]))
    assert elbo.value == pytest.approx(truth - gap, abs=0.05)
    assert likelihood.value == pytest.approx(truth, abs=0.02)
    assert elbo.value < bound_of_few < likelihood.value
    closed = -np.mean(distortions) - np.mean(divergence(posterior))
    assert elbo.value == pytest.approx(closed, abs=0.05)


def test_sums_by_hand():
    sums = WeightSums.none(2).plus(np.log([1.0, 4.0])).plus(np.log([3.0, 4.0]))
    elbo, likelihood = estimates(sums, 2)
    assert elbo.value == pytest.approx((np.log(3) / 2 + np.log(4)) / 2)
    assert likelihood.value == pytest.approx((np.log(2) + np.log(4)) / 2)
    assert likelihood.error == pytest.approx(np.log(2) / 2 / np.sqrt(2))
    both = WeightSums.joined([sums, sums])
    assert estimates(both, 2)[0].value == pytest.approx(elbo.value)


def test_weights_of_hundreds_of_nats_do_not_overflow():
    sums = WeightSums.none(1).plus(np.array([-900.0])).plus(np.array([-900.0]))
    assert estimates(sums, 2)[1].value == pytest.approx(-900.0)


def test_what_is_not_finite_is_refused():
    with pytest.raises(MetricError, match="not all finite"):
        estimates(WeightSums.none(2).plus(np.array([0.0, np.nan])), 1)
