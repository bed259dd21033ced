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
    averaging.Statistics(network).reestimate(list(x))
    mean, variance = (v.numpy() for v in network.non_trainable_variables)
    flat = x.numpy().reshape(-1, 4)
    np.testing.assert_allclose(mean, flat.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(variance, flat.var(axis=0), rtol=1e-4)


class _Block(keras.layers.Layer):
    """A composite layer of a user's own, which Keras' public interface does not open."""

    def __init__(self):
        super().__init__()
        self.inner = keras.layers.BatchNormalization(momentum=0.99)

    def call(self, x, training=None):
        return self.inner(x, training=training)


def test_statistics_are_found_inside_composite_layers():
    network = keras.Sequential([keras.Input((4,)), _Block(), keras.layers.Dense(1)])
    x = tf.random.stateless_normal([6, 32, 4], [1, 2]) * [1.0, 2.0, 3.0, 4.0] - 7.0
    averaging.Statistics(network).reestimate(list(x))
    mean, variance = (v.numpy() for v in network.non_trainable_variables)
    flat = x.numpy().reshape(-1, 4)
    np.testing.assert_allclose(mean, flat.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(variance, flat.var(axis=0), rtol=1e-3)


def test_other_numbers_than_moments_are_copied():
    class Counted(keras.layers.Layer):
        def build(self, shape):
            self.u = self.add_weight(shape=(2,), initializer="zeros", trainable=False, name="u")

        def call(self, x):
            return x + tf.reduce_sum(self.u)

    network, average = (keras.Sequential([keras.Input((2,)), Counted()]) for _ in range(2))
    network.layers[0].u.assign([3.0, 4.0])
    averaging.update(average, network, tf.constant(0.999))
    np.testing.assert_array_equal(average.layers[0].u, [3.0, 4.0])


def test_reestimating_twice_changes_nothing():
    network = _normalised()
    x = [tf.random.stateless_normal([32, 4], [1, 2])]
    averaging.Statistics(network).reestimate(x)
    first = [v.numpy() for v in network.variables]
    averaging.Statistics(network).reestimate(x)
    for a, b in zip(first, network.variables, strict=True):
        np.testing.assert_array_equal(a, b.numpy())


def test_a_network_without_batch_normalisation_is_not_called():
    def inputs():
        raise AssertionError("no statistics, no need for inputs")
        yield

    averaging.Statistics(_model()).reestimate(inputs())
