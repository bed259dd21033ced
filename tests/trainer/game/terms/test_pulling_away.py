import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.turns import turn_of
from trainer import catalogue
from trainer.game.terms.pulling_away import PullingAway


def _losses(codes, weight=1.0):
    term = PullingAway(catalogue.PullingAway(weight=weight), None)
    turn = turn_of(
        lambda x: x["sample"][:, 0],
        None,
        tf.constant(codes, tf.float32),
        outputs=lambda x: {"features": x["sample"]},
    )
    assert term.discriminator(turn) is None
    return term.generator(turn).numpy()


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        # However long they are, and whether they point the same way or opposite ways.
        ([[1.0, 0.0], [5.0, 0.0], [-2.0, 0.0]], [1.0, 1.0, 1.0]),
        ([[3.0, 0.0], [0.0, 4.0]], [0.0, 0.0]),
        # cos² of 0, 45 and 90 degrees.
        ([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]], [0.25, 0.5, 0.25]),
        # A code of zero has no direction.
        ([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]], [0.0, 0.5, 0.5]),
    ],
)
def test_it_is_the_mean_squared_cosine_with_the_others(codes, expected):
    np.testing.assert_allclose(_losses(codes), expected, atol=1e-6)
    np.testing.assert_allclose(_losses(codes, 0.1), np.multiply(expected, 0.1), atol=1e-6)


def test_the_mean_is_the_papers_double_sum():
    codes = np.random.default_rng(0).normal(size=(7, 5))
    s = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    pairs = [(s[i] @ s[j]) ** 2 for i in range(7) for j in range(7) if i != j]
    assert _losses(codes).mean() == pytest.approx(sum(pairs) / (7 * 6), rel=1e-5)


def test_its_gradient_is_finite_at_a_code_of_zero():
    codes = tf.Variable([[0.0, 0.0], [1.0, 2.0]])
    term = PullingAway(catalogue.PullingAway(), None)
    with tf.GradientTape() as tape:
        turn = turn_of(
            lambda x: x["sample"][:, 0],
            None,
            tf.identity(codes),
            outputs=lambda x: {"features": x["sample"]},
        )
        loss = tf.reduce_mean(term.generator(turn))
    assert np.isfinite(tape.gradient(loss, codes)).all()
