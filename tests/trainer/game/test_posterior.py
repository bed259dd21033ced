"""A Gaussian over latents: its divergence, what is drawn of it, and which way gradients flow."""

import math

import numpy as np
import pytest
import tensorflow as tf

from trainer.game.posterior import divergence, sampled
from trainer.randomness import Key, normal


def _keys(rows):
    return Key(tf.zeros([rows], tf.uint32), tf.cast(tf.range(rows), tf.uint32))


def test_the_divergence_of_gaussians_is_its_integral():
    mean, deviation = 0.7, 0.4
    x = np.linspace(-8, 8, 200_001)
    q = np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))
    p = np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)
    expected = np.trapezoid(np.where(q > 1e-300, q * np.log(np.maximum(q, 1e-300) / p), 0), x)
    posterior = {
        "mean": tf.constant([[mean, 0.0]]),
        "log_variance": tf.constant([[2 * math.log(deviation), 0.0]]),
    }
    assert float(divergence(posterior)[0]) == pytest.approx(expected, rel=1e-5)


def test_samples_of_the_posterior_have_its_moments():
    rows = 20_000
    posterior = {
        "mean": tf.fill([rows, 1], 2.0),
        "log_variance": tf.fill([rows, 1], 2 * math.log(0.5)),
    }
    z = sampled(posterior, _keys(rows)).numpy()
    assert z.mean() == pytest.approx(2.0, abs=5 * 0.5 / math.sqrt(rows))
    assert z.std() == pytest.approx(0.5, rel=0.03)


def test_the_divergence_has_the_signs_that_monte_carlo_has():
    """½ Σ (log σ² - μ² - σ² + 1), which is to be met in print as the divergence, is minus it."""
    rows, mean, log_variance = 40_000, np.array([0.8, -0.3]), np.array([-1.2, 0.5])
    posterior = {
        "mean": tf.constant(np.tile(mean, (rows, 1)), tf.float32),
        "log_variance": tf.constant(np.tile(log_variance, (rows, 1)), tf.float32),
    }
    z = sampled(posterior, _keys(rows)).numpy().astype(np.float64)
    log_q = -0.5 * (np.square(z - mean) / np.exp(log_variance) + log_variance).sum(axis=1)
    log_ratio = log_q + 0.5 * np.square(z).sum(axis=1)
    drawn, error = log_ratio.mean(), log_ratio.std() / math.sqrt(rows)
    assert float(divergence(posterior)[0]) == pytest.approx(drawn, abs=5 * error)
    exchanged = 0.5 * (log_variance - mean**2 - np.exp(log_variance) + 1.0).sum()
    assert exchanged < 0.0 < drawn and abs(exchanged - drawn) > 100 * error


def test_gradients_reach_mean_and_deviation_through_what_is_drawn():
    mean = tf.constant([[0.5, -1.0], [2.0, 0.1]])
    log_variance = tf.constant([[0.2, -0.4], [1.0, -2.0]])
    with tf.GradientTape() as tape:
        tape.watch([mean, log_variance])
        z = sampled({"mean": mean, "log_variance": log_variance}, _keys(2))
        loss = tf.reduce_sum(z**3)
    of_mean, of_log_variance = tape.gradient(loss, [mean, log_variance])
    noise, deviation = normal(_keys(2), 2).numpy(), np.exp(0.5 * log_variance)
    slope = 3.0 * np.square(mean + deviation * noise)
    np.testing.assert_allclose(of_mean, slope, rtol=1e-5)
    np.testing.assert_allclose(of_log_variance, 0.5 * deviation * noise * slope, rtol=1e-4)
