"""Densities against numpy's, and rows that are drawn as often as they are likely."""

import math

import numpy as np
import pytest
import tensorflow as tf

from trainer import randomness
from trainer.data.columns import Column, Mode, field_of
from trainer.game.likelihoods import Bernoulli, Gaussian, Mixed

# Seen as: a place and one of two modes (of which one is that of missing numbers), and a category.
PAY = Column("pay", "real", missing=0.5, modes=(Mode(10.0, 4.0, 1.0, 1.0),))
JOB = Column("job", "category", ("a", "b", "c"), (0.2, 0.3, 0.5))
ROWS = Mixed(field_of([PAY, JOB], None))
MADE = {"sample": tf.constant([[0.5, 0.9, 0.1, 0.2, 0.3, 0.5]]), "deviation": tf.constant([[0.2]])}


def _normal(x, mean, deviation):
    return np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))


def test_the_gaussian_likelihood_is_a_density_summed_over_pixels():
    x, made = np.array([[0.3, -0.2]], np.float32), np.array([[0.1, 0.4]], np.float32)
    found = Gaussian(0.5).minus_log(tf.constant(x), {"sample": tf.constant(made)})
    assert float(found[0]) == pytest.approx(-np.log(_normal(x, made, 0.5)).sum(), rel=1e-5)


def test_the_bernoulli_likelihood_reads_both_as_probabilities():
    x, made = tf.constant([[1.0, -1.0, 0.0]]), tf.constant([[0.5, 0.0, -0.5]])
    expected = -(math.log(0.75) + math.log(0.5) + 0.5 * math.log(0.25) + 0.5 * math.log(0.75))
    assert float(Bernoulli().minus_log(x, {"sample": made})[0]) == pytest.approx(expected, rel=1e-5)


def test_the_likelihood_of_a_row_is_the_product_of_its_columns():
    x = tf.constant([[0.1, 1.0, 0.0, 0.0, 0.0, 1.0]])
    density = _normal(0.1, 0.5, 0.2) * 0.9 * 0.5
    assert float(ROWS.minus_log(x, MADE)[0]) == pytest.approx(-math.log(density), rel=1e-5)
    # What no probability is left for costs much, and its gradient is no NaN.
    sure = tf.constant([[0.1, 1.0, 0.0, 1.0, 0.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(sure)
        loss = ROWS.minus_log(x, {**MADE, "sample": sure})
    assert float(loss[0]) > 60.0 and np.isfinite(tape.gradient(loss, sure)).all()


def test_the_learned_deviation_is_best_at_the_error_that_there_is():
    """-log N is least over δ at the root of the mean squared error, .3 here."""
    x = tf.constant([[0.8, 1.0, 0.0, 0.0, 0.0, 1.0], [0.2, 1.0, 0.0, 0.0, 0.0, 1.0]])
    made = tf.repeat(MADE["sample"], 2, axis=0)
    deviation = tf.constant([[0.3]])
    with tf.GradientTape() as tape:
        tape.watch(deviation)
        both = {"sample": made, "deviation": tf.repeat(deviation, 2, axis=0)}
        loss = tf.reduce_sum(ROWS.minus_log(x, both))
    assert float(tape.gradient(loss, deviation)[0, 0]) == pytest.approx(0.0, abs=1e-4)


def test_rows_are_drawn_as_often_as_they_are_likely():
    count = 20_000
    keys = randomness.key_of(tf.range(count, dtype=tf.int64), "key")
    made = {name: tf.repeat(values, count, axis=0) for name, values in MADE.items()}
    rows = ROWS.drawn(made, keys).numpy()
    np.testing.assert_allclose(rows[:, 1:].mean(axis=0), [0.9, 0.1, 0.2, 0.3, 0.5], atol=0.012)
    assert set(np.unique(rows[:, 1:])) == {0.0, 1.0}
    assert rows[:, 0].mean() == pytest.approx(0.5, abs=0.005)
    assert rows[:, 0].std() == pytest.approx(0.2, abs=0.004)
    # The dice of a number are not those of its mode.
    assert abs(np.corrcoef(rows[:, 0], rows[:, 1])[0, 1]) < 0.03
