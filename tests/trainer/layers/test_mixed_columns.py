import numpy as np
import pytest
import tensorflow as tf

from trainer import randomness
from trainer.layers.mixed_columns import MixedColumns

PARTS = (("scalar", 0, 1), ("one_hot", 1, 3))


def _rows(logits, temperature, count=30_000):
    keys = randomness.key_of(tf.range(count, dtype=tf.int64), "test")
    x = tf.tile(tf.constant([[0.5, *logits]]), [count, 1])
    return MixedColumns(PARTS, temperature)([x, tf.stack([keys.high, keys.low], axis=1)]).numpy()


@pytest.mark.parametrize("temperature", [0.2, 2.0])
def test_the_largest_is_drawn_with_the_probability_of_the_softmax(temperature):
    """Whatever the temperature: χ² of three categories, two degrees of freedom, at .999."""
    logits = [1.0, 0.0, -1.0]
    rows = _rows(logits, temperature)
    expected = tf.nn.softmax(logits).numpy() * len(rows)
    found = np.bincount(rows[:, 1:].argmax(axis=1), minlength=3)
    assert ((found - expected) ** 2 / expected).sum() < 13.8
    np.testing.assert_allclose(rows[:, 1:].sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(rows[:, 0], np.tanh(0.5), rtol=1e-6)


def test_without_a_key_it_is_the_softmax_itself():
    x = tf.constant([[0.5, 1.0, 0.0, -1.0]])
    made = MixedColumns(PARTS, 0.2)([x])
    np.testing.assert_allclose(made[0, 1:], tf.nn.softmax(x[0, 1:]), rtol=1e-6)


def test_gumbel_numbers_have_the_mean_of_their_distribution():
    noise = randomness.gumbel(
        randomness.key_of(tf.range(20_000, dtype=tf.int64), "test"), 4
    ).numpy()
    assert noise.mean() == pytest.approx(np.euler_gamma, abs=0.02)
    assert noise.std() == pytest.approx(np.pi / np.sqrt(6), abs=0.02)
    assert np.isfinite(noise).all()
