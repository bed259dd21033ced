import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.game.terms import gradients as penalties
from trainer.randomness import Noise


def _noise(rows):
    return Noise(0, tf.constant(0, tf.int64), tf.range(rows, dtype=tf.int64))


@pytest.mark.parametrize("shape", [(5,), (4, 3, 2)])
def test_on_a_linear_critic_it_is_the_closed_form(shape):
    """D(x) = w·x has the gradient w everywhere, so the penalty is λ(‖w‖ - 1)²."""
    w = tf.constant(np.random.default_rng(0).normal(size=shape), tf.float32)
    real, fake = tf.random.stateless_normal([2, 6, *shape], [1, 2])
    penalty = penalties.gradient_penalty(catalogue.GradientPenalty(weight=7.0))

    def critic(x):
        return tf.reduce_sum(x * w, axis=list(range(1, x.shape.rank)))

    values = penalty(critic, real, fake, _noise(6))
    expected = 7.0 * (np.linalg.norm(w.numpy()) - 1.0) ** 2
    np.testing.assert_allclose(values, np.full(6, expected), rtol=1e-5)


def test_points_lie_between_each_pair_and_differ_in_their_share():
    """D(x) = x²/2 has the gradient x, so the penalty tells where it was taken."""
    real, fake = tf.ones([100, 1]), tf.fill([100, 1], 3.0)
    penalty = penalties.gradient_penalty(catalogue.GradientPenalty(weight=1.0))
    values = penalty(lambda x: 0.5 * tf.reduce_sum(x**2, axis=1), real, fake, _noise(100))
    points = 1.0 + np.sqrt(values.numpy())
    assert points.min() > 1.0 and points.max() < 3.0
    assert points.std() == pytest.approx(2 / np.sqrt(12), rel=0.15)


def test_its_gradient_reaches_the_critics_weights_and_survives_a_dead_critic():
    w = tf.Variable([0.0, 0.0])
    with tf.GradientTape() as tape:
        norm = penalties.gradient_norm(lambda x: tf.linalg.matvec(x, w), tf.ones([3, 2]))
        loss = tf.reduce_sum(tf.square(norm - 1.0))
    assert np.isfinite(tape.gradient(loss, w)).all()
    w.assign([3.0, 4.0])
    with tf.GradientTape() as tape:
        norm = penalties.gradient_norm(lambda x: tf.linalg.matvec(x, w), tf.ones([3, 2]))
        loss = tf.reduce_sum(norm)
    np.testing.assert_allclose(tape.gradient(loss, w), [3 * 0.6, 3 * 0.8], rtol=1e-6)
