import math

import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.catalogue import resolve

REAL, FAKE = 2.0, -0.5


def _softplus(x):
    return math.log1p(math.exp(x))


# Losses at D(x) = 2 and D(G(z)) = -0.5, written out from the papers' formulas.
BY_HAND = {
    "minimax": (
        _softplus(-2.0) + _softplus(-0.5),
        math.log(1 - 1 / (1 + math.exp(0.5))),
    ),
    "non_saturating": (
        _softplus(-2.0) + _softplus(-0.5),
        -math.log(1 / (1 + math.exp(0.5))),
    ),
    "least_squares": (0.5 * (1.0**2 + 0.5**2), 0.5 * 1.5**2),
    "hinge": (0.0 + 0.5, 0.5),
    "wasserstein": (-0.5 - 2.0, 0.5),
}
OPTIONS = {
    "minimax": catalogue.Minimax(),
    "non_saturating": catalogue.NonSaturating(),
    "least_squares": catalogue.LeastSquares(),
    "hinge": catalogue.Hinge(),
    "wasserstein": catalogue.Wasserstein(),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_losses_are_those_of_the_paper(name):
    objective = resolve(OPTIONS[name])(OPTIONS[name])
    real, fake = tf.constant([REAL, 0.0]), tf.constant([FAKE, 0.0])
    discriminator, generator = BY_HAND[name]
    assert float(objective.discriminator(real, fake)[0]) == pytest.approx(discriminator, rel=1e-6)
    assert float(objective.generator(fake, real)[0]) == pytest.approx(generator, rel=1e-6)


@pytest.mark.parametrize("name", OPTIONS)
def test_losses_are_per_example_float32_and_finite_at_large_logits(name):
    objective = resolve(OPTIONS[name])(OPTIONS[name])
    logits = tf.constant([-1e4, 0.0, 1e4])
    for loss in (objective.discriminator(logits, -logits), objective.generator(logits, logits)):
        assert loss.shape == (3,) and loss.dtype == tf.float32
        assert np.isfinite(loss).all()


@pytest.mark.parametrize("name", OPTIONS)
def test_each_player_gains_by_moving_its_logits_the_right_way(name):
    objective = resolve(OPTIONS[name])(OPTIONS[name])
    real, fake = tf.Variable([0.3]), tf.Variable([0.2])
    with tf.GradientTape(persistent=True) as tape:
        discriminator = objective.discriminator(real, fake)
        generator = objective.generator(fake, real)
    assert tape.gradient(discriminator, real)[0] < 0 < tape.gradient(discriminator, fake)[0]
    assert tape.gradient(generator, fake)[0] < 0


def test_one_sided_smoothing_moves_the_best_real_logit_to_the_label():
    """At logit(t) the real part's derivative vanishes: D(x) = t is optimal."""
    options = catalogue.NonSaturating(real_label=0.9)
    logit = tf.Variable([math.log(0.9 / 0.1)])
    with tf.GradientTape() as tape:
        loss = resolve(options)(options).discriminator(logit, tf.constant([0.0]))
    assert abs(float(tape.gradient(loss, logit)[0])) < 1e-6


def test_at_the_optimal_discriminator_the_minimax_value_is_a_jensen_shannon_divergence():
    """V(D*, G) = -log 4 + 2 JS(p ‖ q) for two distributions on three points."""
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.2, 0.7])
    logits = tf.constant(np.log(p / q), tf.float32)  # D* = p / (p + q)
    objective = resolve(catalogue.Minimax())(catalogue.Minimax())
    zero = tf.zeros_like(logits)
    half = math.log(2.0)  # what the other side contributes at logit zero
    real_part = objective.discriminator(logits, zero).numpy() - half
    fake_part = objective.discriminator(zero, logits).numpy() - half
    value = -(p @ real_part + q @ fake_part)
    m = (p + q) / 2
    js = 0.5 * (p @ np.log(p / m)) + 0.5 * (q @ np.log(q / m))
    assert value == pytest.approx(-math.log(4) + 2 * js, abs=1e-6)
