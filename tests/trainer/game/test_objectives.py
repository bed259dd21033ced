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
    # Beside them lie logits of zero, so the means are 1 and -0.25.
    "relativistic": (_softplus(-2.5), _softplus(2.5)),
    "relativistic_average": (
        _softplus(-(2.0 + 0.25)) + _softplus(-(1.0 + 0.5)),
        _softplus(-(-0.5 - 1.0)) + _softplus(-(-0.25 - 2.0)),
    ),
    "relativistic_average hinge": (0.0 + 0.0, (1.0 + 0.5 + 1.0) + (1.0 + 0.25 + 2.0)),
    # D = σ(v): the log losses less 2 log 2.
    "f_divergence": (
        _softplus(-2.0) + _softplus(-0.5) - 2 * math.log(2.0),
        _softplus(0.5) - math.log(2.0),
    ),
    "f_divergence kl": (math.exp(-1.5) - 2.0, 0.5),
    "f_divergence reverse_kl": (-0.5 - 1.0 + math.exp(-2.0), math.exp(0.5)),
    "f_divergence pearson": (0.25 * 0.25 - 0.5 - 2.0, 0.5),
    "f_divergence squared_hellinger": (
        math.exp(-0.5) - 1.0 - (1.0 - math.exp(-2.0)),
        math.exp(0.5) - 1.0,
    ),
    "f_divergence zero_sum": (0.25 * 0.25 - 0.5 - 2.0, -(0.25 * 0.25 - 0.5)),
}
OPTIONS = {
    "minimax": catalogue.Minimax(),
    "non_saturating": catalogue.NonSaturating(),
    "least_squares": catalogue.LeastSquares(),
    "hinge": catalogue.Hinge(),
    "wasserstein": catalogue.Wasserstein(),
    "relativistic": catalogue.Relativistic(),
    "relativistic_average": catalogue.RelativisticAverage(),
    "relativistic_average hinge": catalogue.RelativisticAverage(loss="hinge"),
    "f_divergence": catalogue.FDivergence(),
    **{
        f"f_divergence {name}": catalogue.FDivergence(divergence=name)
        for name in ("kl", "reverse_kl", "pearson", "squared_hellinger")
    },
    "f_divergence zero_sum": catalogue.FDivergence(divergence="pearson", zero_sum=True),
}
# Their bounds are exponential functions of logits.
EXPONENTIAL = {f"f_divergence {name}" for name in ("kl", "reverse_kl", "squared_hellinger")}


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
    largest = 80.0 if name in EXPONENTIAL else 1e4
    logits = tf.constant([-largest, 0.0, largest])
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


def test_flipped_labels_are_the_expectation_over_flips_and_bound_the_discriminator():
    """Of examples that are surely real, or surely fake, the best D is (1 - p) t, or p t."""
    options = catalogue.NonSaturating(real_label=0.9, flipped_labels=0.2)
    objective, plain = (resolve(o)(o) for o in (options, catalogue.NonSaturating(real_label=0.9)))
    real, fake = tf.constant([2.0]), tf.constant([-0.5])
    # Four in five pairs keep their labels. A flip shows the real example with the fakes' label of
    # 0 and the fake with the real one's of 0.9.
    flipped = _softplus(2.0) + 0.9 * _softplus(0.5) + 0.1 * _softplus(-0.5)
    expected = 0.8 * float(plain.discriminator(real, fake)[0]) + 0.2 * flipped
    assert float(objective.discriminator(real, fake)[0]) == pytest.approx(expected, rel=1e-6)
    best = [tf.Variable([math.log(p / (1 - p))]) for p in (0.8 * 0.9, 0.2 * 0.9)]
    with tf.GradientTape() as tape:
        loss = objective.discriminator(*best)
    np.testing.assert_allclose(tape.gradient(loss, best), np.zeros((2, 1)), atol=1e-6)


@pytest.mark.parametrize("name", ["relativistic", "relativistic_average"])
def test_relativistic_losses_see_differences_only_and_each_side_plays_the_others_game(name):
    objective = resolve(OPTIONS[name])(OPTIONS[name])
    real, fake = tf.constant([2.0, -1.0, 0.5]), tf.constant([-0.5, 3.0, 1.0])
    losses = objective.discriminator(real, fake)
    np.testing.assert_allclose(objective.discriminator(real + 7.0, fake + 7.0), losses, rtol=1e-5)
    np.testing.assert_allclose(objective.generator(real, fake), losses, rtol=1e-6)
    assert objective.generator_sees_real and not objective.logits_are_probabilities


def test_a_relativistic_average_compares_with_all_patches_of_the_batch():
    objective = resolve(OPTIONS["relativistic_average hinge"])(
        OPTIONS["relativistic_average hinge"]
    )
    real, fake = tf.reshape(tf.range(4.0), [2, 1, 2]), tf.zeros([2, 1, 2])
    # The mean of real is 1.5: max(0, 1 - r) + max(0, 1 - 1.5).
    np.testing.assert_allclose(objective.discriminator(real, fake), [[[1.0, 0.0]], [[0.0, 0.0]]])


# f by divergence, and the logit at which g(v) is f'(u).
F = {
    "kl": (lambda u: u * np.log(u), lambda u: 1 + np.log(u)),
    "reverse_kl": (lambda u: -np.log(u), np.log),
    "pearson": (lambda u: (u - 1) ** 2, lambda u: 2 * (u - 1)),
    "squared_hellinger": (lambda u: (np.sqrt(u) - 1) ** 2, lambda u: 0.5 * np.log(u)),
    "jensen_shannon": (lambda u: u * np.log(u) - (u + 1) * np.log((u + 1) / 2), np.log),
}


@pytest.mark.parametrize("name", F)
def test_at_its_best_the_bound_is_the_divergence_and_nowhere_above_it(name):
    """D_f(p ‖ q) = Σ q f(p/q) of two distributions on three points."""
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.2, 0.7])
    f, best = F[name]
    options = catalogue.FDivergence(divergence=name)
    objective = resolve(options)(options)
    zero = tf.zeros(3)

    def bound(v):
        logits = tf.constant(v, tf.float32)
        at_zero = objective.discriminator(zero, zero).numpy()
        real_part = objective.discriminator(logits, zero).numpy()
        fake_part = objective.discriminator(zero, logits).numpy() - at_zero
        return -(p @ real_part + q @ fake_part)

    divergence = q @ f(p / q)
    assert bound(best(p / q)) == pytest.approx(divergence, rel=1e-5)
    random = np.random.default_rng(0)
    assert all(bound(best(p / q) + random.normal(size=3)) < divergence for _ in range(20))


def test_energies_are_raised_up_to_the_margin():
    """E(x) = 2; E(G(z)) = ½ is raised to the margin of 3, and 4 is left where it is."""
    objective = resolve(catalogue.Energy())(catalogue.Energy(), lambda: tf.constant(3.0))
    read = objective.reads({}, {"energy": tf.constant([2.0, 2.0])})
    np.testing.assert_array_equal(read, [-2.0, -2.0])
    fake = tf.constant([-0.5, -4.0])
    np.testing.assert_allclose(objective.discriminator(read, fake), [2.0 + 2.5, 2.0])
    np.testing.assert_allclose(objective.generator(fake, read), [0.5, 4.0])


def test_what_the_catalogue_says_of_logits_is_so():
    """Their sign tells where the best discriminator of equal densities answers zero."""
    for options in OPTIONS.values():
        objective = resolve(options)(options)
        assert options.logits_are_probabilities == objective.logits_are_probabilities
        if not options.sign_tells or isinstance(options, catalogue.Hinge):
            continue
        logit = tf.Variable([0.0])
        with tf.GradientTape() as tape:
            loss = objective.discriminator(logit, logit)
        assert abs(float(tape.gradient(loss, logit)[0])) < 1e-6, options
    assert not catalogue.FDivergence(divergence="kl").sign_tells


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
