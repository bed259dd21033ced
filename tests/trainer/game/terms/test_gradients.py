import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.turns import noise_of, turn_of
from trainer import catalogue
from trainer.game.terms.gradients import R1, R2, Dragan, GradientPenalty, squared_gradient_norm


def _linear(w):
    return lambda x: tf.reduce_sum(x["sample"] * w, axis=list(range(1, x["sample"].shape.rank)))


@pytest.mark.parametrize("shape", [(5,), (4, 3, 2)])
def test_on_a_linear_critic_they_are_the_closed_form(shape):
    """D(x) = w·x has the gradient w everywhere: λ(‖w‖ - 1)² and γ/2 ‖w‖²."""
    w = tf.constant(np.random.default_rng(0).normal(size=shape), tf.float32)
    real, fake = tf.random.stateless_normal([2, 6, *shape], [1, 2])
    turn, norm = turn_of(_linear(w), real, fake), np.linalg.norm(w.numpy())
    for term, expected in (
        (GradientPenalty(catalogue.GradientPenalty(weight=7.0), None), 7.0 * (norm - 1.0) ** 2),
        (Dragan(catalogue.Dragan(weight=7.0), None), 7.0 * (norm - 1.0) ** 2),
        (R1(catalogue.R1(gamma=3.0), None), 1.5 * norm**2),
        (R2(catalogue.R2(gamma=3.0), None), 1.5 * norm**2),
    ):
        np.testing.assert_allclose(term.discriminator(turn), np.full(6, expected), rtol=1e-5)
        assert term.generator(turn) is None


@pytest.mark.parametrize(("slope", "expected"), [(3.0, 4.0), (0.5, 0.0)])
def test_one_sided_a_flat_critic_is_free(slope, expected):
    """max(0, ‖w‖ - 1)²: two-sided, a slope of one half would cost one quarter."""
    ones = tf.ones([2, 1])
    turn = turn_of(_linear(tf.constant([slope])), ones, -ones)
    term = GradientPenalty(catalogue.GradientPenalty(weight=1.0, one_sided=True), None)
    np.testing.assert_allclose(term.discriminator(turn), [expected] * 2, rtol=1e-5)


def test_dragan_looks_beside_real_examples_as_far_as_their_deviation_goes():
    """Numbers are 2 ± 3, so σ = 3 and x̂ - x = α · ½ · 3 u, α one an example and u one a number."""
    real = tf.tile([[5.0], [-1.0]], [20, 4000])
    around = Dragan(catalogue.Dragan(), None).points(
        turn_of(lambda x: x["sample"][:, 0], real, real)
    )
    u = (around["sample"] - real).numpy() / 1.5
    share = u.max(axis=1)
    assert u.min() >= 0.0 and u.max() < 1.0
    np.testing.assert_allclose(u.mean(axis=1) / share, 0.5, atol=0.03)
    assert share.std() == pytest.approx(1 / np.sqrt(12), rel=0.25)


def test_each_looks_at_its_own_examples():
    """D(x) = x²/2 has the gradient x, so a penalty tells where it was taken."""
    real, fake = tf.ones([100, 1]), tf.fill([100, 1], 3.0)
    turn = turn_of(lambda x: 0.5 * tf.reduce_sum(x["sample"] ** 2, axis=1), real, fake)
    np.testing.assert_allclose(R1(catalogue.R1(gamma=2.0), None).discriminator(turn), 1.0)
    np.testing.assert_allclose(R2(catalogue.R2(gamma=2.0), None).discriminator(turn), 9.0)
    values = GradientPenalty(catalogue.GradientPenalty(weight=1.0), None).discriminator(turn)
    points = 1.0 + np.sqrt(values.numpy())
    assert points.min() > 1.0 and points.max() < 3.0
    assert points.std() == pytest.approx(2 / np.sqrt(12), rel=0.15)


def test_played_lazily_the_mean_over_the_steps_is_the_same():
    x = tf.random.stateless_normal([4, 3], [1, 2])
    judge = _linear(tf.constant([1.0, 2.0, 3.0]))
    lazy, always = (R1(catalogue.R1(gamma=0.5, every=every), None) for every in (4, 1))
    of_steps = [
        lazy.discriminator(turn_of(judge, x, x, noise_of(4, step))).numpy() for step in range(8)
    ]
    np.testing.assert_allclose(np.mean(of_steps, 0), always.discriminator(turn_of(judge, x, x)))
    assert [bool(values.any()) for values in of_steps] == [True, False, False, False] * 2


@pytest.mark.parametrize("every", [1, 16])
def test_played_lazily_a_critic_moves_as_far_without_changing_its_optimizer(every):
    """R1 of D = w x is γ/2 w², so 16 small steps of SGD end at w (1 - ηγ)^16 ≈ w (1 - 16 ηγ).

    With a rate lowered by 16/17 the lazy game would end at w (1 - 15.06 ηγ).
    """
    w, rate, ones = tf.Variable([2.0]), 1e-4, tf.ones([3, 1])
    term = R1(catalogue.R1(gamma=1.0, every=every), None)
    for step in range(16):
        with tf.GradientTape() as tape:
            turn = turn_of(_linear(w), ones, ones, noise_of(3, step))
            loss = tf.reduce_mean(term.discriminator(turn))
        gradient = tape.gradient(loss, w, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        w.assign_sub(rate * gradient)
    assert (2.0 - float(w[0])) / (2.0 * rate) == pytest.approx(16.0, rel=2e-3)


def test_gradients_are_those_of_all_that_is_judged():
    """Of a pair (x, z) both halves count."""
    turn = turn_of(lambda s: s["a"][:, 0] * 3.0 + s["b"][:, 0] * 4.0, None, None)
    sample = {"a": tf.ones([2, 1]), "b": tf.ones([2, 5])}
    np.testing.assert_allclose(squared_gradient_norm(turn.judge, sample), [25.0, 25.0])


def test_of_packs_it_is_the_gradient_of_the_whole_pack_on_one_line():
    """D of two members is 3a + 4b: norm 5; D = ½(a² + b²): the point lies on a diagonal."""

    def packed(x):
        return tf.reshape(x["sample"], [-1, 2])

    real, fake = tf.zeros([8, 1]), tf.ones([8, 1])
    linear = turn_of(lambda x: tf.linalg.matvec(packed(x), [3.0, 4.0]), real, fake)
    term = GradientPenalty(catalogue.GradientPenalty(weight=1.0), None)
    np.testing.assert_allclose(term.discriminator(linear), np.full(4, 16.0), rtol=1e-5)
    np.testing.assert_allclose(R1(catalogue.R1(gamma=2.0), None).discriminator(linear), 25.0)
    seen = []

    def square(x):
        seen.append(packed(x).numpy())
        return 0.5 * tf.reduce_sum(packed(x) ** 2, axis=1)

    term.discriminator(turn_of(square, real, fake))
    between = seen[-1]
    np.testing.assert_array_equal(between[:, 0], between[:, 1])
    assert len(set(between[:, 0])) == 4


def test_its_gradient_reaches_the_critics_weights_and_survives_a_dead_critic():
    w = tf.Variable([0.0, 0.0])
    ones = tf.ones([3, 2])
    for weights, expected in (([0.0, 0.0], None), ([3.0, 4.0], [2 * 4 * 0.6, 2 * 4 * 0.8])):
        w.assign(weights)
        with tf.GradientTape() as tape:
            turn = turn_of(_linear(w), ones, ones)
            term = GradientPenalty(catalogue.GradientPenalty(weight=1.0), None)
            loss = tf.reduce_mean(term.discriminator(turn))
        gradient = tape.gradient(loss, w)
        assert np.isfinite(gradient).all()
        if expected is not None:
            np.testing.assert_allclose(gradient, expected, rtol=1e-5)
