"""The updates as pure functions are what Keras' own optimizers do."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.game import optimizers
from trainer.game.turns import Position

COSINE = catalogue.CosineDecay(steps=4, final=0.1)
LINEAR = catalogue.LinearDecay(steps=2)
HELD = catalogue.LinearDecay(constant=2, steps=2)
EXPONENTIAL = catalogue.ExponentialDecay(steps=2, rate=0.3)
OPTIONS = {
    "sgd": catalogue.SGD(learning_rate=0.1, schedule=LINEAR),
    "sgd held": catalogue.SGD(learning_rate=0.1, schedule=HELD),
    "sgd momentum": catalogue.SGD(learning_rate=0.1, momentum=0.9, schedule=COSINE),
    "sgd nesterov": catalogue.SGD(
        learning_rate=0.1, momentum=0.9, nesterov=True, schedule=EXPONENTIAL
    ),
    "adam": catalogue.Adam(learning_rate=0.1),
    "adam cosine": catalogue.Adam(learning_rate=0.1, beta_1=0.9, schedule=COSINE),
    "adamw": catalogue.Adam(learning_rate=0.1, weight_decay=0.2, schedule=LINEAR),
    "rmsprop": catalogue.RMSprop(learning_rate=0.1, schedule=EXPONENTIAL),
    "optimistic sgd": catalogue.SGD(learning_rate=0.1, optimistic=True, schedule=LINEAR),
    "optimistic momentum": catalogue.SGD(learning_rate=0.1, momentum=0.9, optimistic=True),
    "optimistic adam": catalogue.Adam(learning_rate=0.1, optimistic=True),
    "optimistic rmsprop": catalogue.RMSprop(learning_rate=0.1, optimistic=True),
    "rmsprop momentum": catalogue.RMSprop(learning_rate=0.1, momentum=0.7, schedule=COSINE),
}


def _values(variables):
    return [tf.identity(v.value) for v in variables]


@pytest.mark.parametrize("name", OPTIONS)
def test_the_pure_update_is_what_keras_does(name):
    """Over three steps, weights of two shapes, a gradient that is nowhere and one that is zero."""
    random = np.random.default_rng(0)
    shapes = ((3,), (2, 2))
    variables = [keras.Variable(random.normal(size=s).astype("float32")) for s in shapes]
    optimizer = optimizers.make(OPTIONS[name])
    optimizer.build(variables)
    slots = optimizers.slots(optimizer)
    rule = optimizers.rule(OPTIONS[name])
    place = Position(_values(variables), _values(slots), tf.constant(0, tf.int32))
    for step in range(3):
        gradients = [tf.constant(random.normal(size=s), tf.float32) for s in shapes]
        gradients[0] *= tf.constant([1.0, 0.0, float(step == 1)])
        place = rule(place, gradients)
        optimizer.apply(gradients, variables)
        assert len(place.slots) == len(slots)
        for pure, kept in zip((*place.weights, *place.slots), (*variables, *slots), strict=True):
            np.testing.assert_allclose(pure, kept.value, rtol=1e-6, atol=1e-6)
        assert int(place.iterations) == int(optimizer.iterations.value) == step + 1


@pytest.mark.parametrize("weight_decay", [None, 0.2])
def test_the_fused_update_is_keras_own(weight_decay):
    options = catalogue.Adam(learning_rate=0.1, beta_1=0.5, weight_decay=weight_decay)
    facts = {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": options.beta_2}
    facts |= {"epsilon": options.epsilon, "weight_decay": weight_decay}
    random = np.random.default_rng(0)
    start = random.normal(size=(5, 3)).astype("float32")
    ours, theirs = [keras.Variable(start)], [keras.Variable(start)]
    fused, plain = optimizers.make(options), keras.optimizers.Adam(**facts)
    for optimizer, variables in ((fused, ours), (plain, theirs)):
        optimizer.build(variables)
    for _ in range(4):
        gradient = tf.constant(random.normal(size=(5, 3)), tf.float32)
        fused.apply([gradient], ours)
        plain.apply([gradient], theirs)
    for a, b in zip((*ours, *fused.variables), (*theirs, *plain.variables), strict=True):
        # It rounds 1 - β₂ = .001 to float32 by itself: a hundred-thousandth of every step.
        np.testing.assert_allclose(a.value, b.value, rtol=2e-5, atol=5e-6)


@pytest.mark.parametrize("name", OPTIONS)
def test_gradients_flow_through_it_and_are_finite(name):
    """Also where a gradient is zero, at which the root of Adam's second moment has no slope."""
    variables = [keras.Variable(np.ones(3, "float32"))]
    optimizer = optimizers.make(OPTIONS[name])
    optimizer.build(variables)
    place = Position(
        _values(variables), _values(optimizers.slots(optimizer)), tf.constant(0, tf.int32)
    )
    gradient = tf.constant([0.5, 0.0, -2.0])
    with tf.GradientTape() as tape:
        tape.watch([gradient, *place.weights])
        (moved,) = optimizers.rule(OPTIONS[name])(place, [gradient]).weights
    by_gradient, by_weight = tape.gradient(moved, [gradient, place.weights[0]])
    assert np.isfinite(by_gradient).all()
    decay = getattr(OPTIONS[name], "weight_decay", None) or 0.0
    np.testing.assert_allclose(by_weight, np.full(3, 1.0 - 0.1 * decay), rtol=1e-6)


def test_a_linear_decay_may_first_stay_constant():
    options = catalogue.LinearDecay(constant=100, steps=100, final=0.2)
    schedule = optimizers.linear(0.5, options)
    rates = [float(schedule(tf.constant(step))) for step in (0, 99, 100, 150, 200, 10**6)]
    np.testing.assert_allclose(rates, [0.5, 0.5, 0.5, 0.3, 0.1, 0.1], rtol=1e-6)


def test_an_optimistic_step_is_taken_twice_and_the_last_one_back():
    """w_{t+1} = w_t - 2 η g_t + η g_{t-1}, and no step before the first one."""
    weight = keras.Variable(np.array([1.0], "float32"))
    optimizer = optimizers.make(catalogue.SGD(learning_rate=0.5, optimistic=True))
    optimizer.build([weight])
    for gradient, expected in ((0.3, 1.0 - 0.3), (0.1, 0.7 - 0.1 + 0.15), (0.0, 0.75 + 0.05)):
        optimizer.apply([tf.constant([gradient])], [weight])
        np.testing.assert_allclose(weight.value, [expected], rtol=1e-6)


@pytest.mark.parametrize(("optimistic", "comes"), [(False, False), (True, True)])
def test_on_the_bilinear_game_optimism_comes_to_the_centre(optimistic, comes):
    """min_x max_y x y: gradient descent spirals outwards by √(1 + η²) a step."""
    x, y = (keras.Variable(np.ones(1, "float32")) for _ in range(2))
    sgd = catalogue.SGD(learning_rate=0.2, optimistic=optimistic)
    mine, yours = optimizers.make(sgd), optimizers.make(sgd)
    mine.build([x]), yours.build([y])
    for _ in range(100):
        by_x, by_y = tf.identity(y.value), -tf.identity(x.value)
        mine.apply([by_x], [x])
        yours.apply([by_y], [y])
    distance = float(np.hypot(x.numpy(), y.numpy())[0])
    if comes:
        assert distance < 0.2
    else:
        assert distance == pytest.approx(np.sqrt(2.0) * 1.04**50, rel=1e-4)
