import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.game import averaging


def _model():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


def test_the_average_follows_its_formula():
    network, average = _model(), _model()
    averaging.copy_weights(network, average)
    expected = network.layers[0].kernel.numpy()
    for step in range(30):
        network.layers[0].kernel.assign_add(tf.ones([3, 2]))
        decay = averaging.ramped_decay(0.7, tf.constant(step))
        averaging.update(average, network, decay)
        d = min(0.7, (1 + step) / (10 + step))
        expected = d * expected + (1 - d) * network.layers[0].kernel.numpy()
    np.testing.assert_allclose(average.layers[0].kernel.numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize(("step", "expected"), [(0, 0.1), (8, 0.5), (10**6, 0.999)])
def test_the_decay_ramps(step, expected):
    assert float(averaging.ramped_decay(0.999, tf.constant(step))) == pytest.approx(expected)


def _normalised():
    inner = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization(momentum=0.9)])
    return keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(1)])


def test_statistics_become_the_moments_of_all_inputs_in_nested_models_too():
    network = _normalised()
    x = tf.random.stateless_normal([6, 32, 4], [1, 2]) * [1.0, 2.0, 3.0, 4.0] + 5.0
    averaging.reestimate_statistics(network, list(x))
    (layer,) = averaging.batch_normalizations(network)
    flat = x.numpy().reshape(-1, 4)
    np.testing.assert_allclose(layer.moving_mean, flat.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, flat.var(axis=0), rtol=1e-4)
    assert layer.momentum == 0.9


def test_reestimating_twice_changes_nothing():
    network = _normalised()
    x = [tf.random.stateless_normal([32, 4], [1, 2])]
    averaging.reestimate_statistics(network, x)
    first = [v.numpy() for v in network.variables]
    averaging.reestimate_statistics(network, x)
    for a, b in zip(first, network.variables, strict=True):
        np.testing.assert_array_equal(a, b.numpy())


def test_a_network_without_batch_normalisation_is_not_called():
    def inputs():
        raise AssertionError("no statistics, no need for inputs")
        yield

    averaging.reestimate_statistics(_model(), inputs())
