import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.batch_normalization import BatchNormalization

SHAPE = (8, 6, 5, 4)


def _pair(dtype, shape=SHAPE):
    """Keras' layer and ours with the same weights."""
    layers = keras.layers.BatchNormalization, BatchNormalization
    pair = [layer(momentum=0.9, epsilon=1e-5, dtype=dtype) for layer in layers]
    for layer in pair:
        layer.build(shape)
        layer.gamma.assign([0.5, 1.0, 1.5, 2.0])
        layer.beta.assign([-1.0, 0.0, 1.0, 2.0])
    return pair


def _run(layer, x):
    x = tf.Variable(tf.cast(x, layer.compute_dtype))
    with tf.GradientTape() as tape:
        y = layer(x, training=True)
        loss = tf.reduce_sum(tf.sin(tf.cast(y, tf.float32)))
    gradients = tape.gradient(loss, [x, layer.gamma.value, layer.beta.value])
    values = [y, *gradients, layer.moving_mean.value, layer.moving_variance.value]
    return [tf.cast(v, tf.float32).numpy() for v in values]


def test_without_scale_and_offset_it_is_keras_function_in_bfloat16():
    x = tf.cast(tf.random.stateless_normal(SHAPE, [1, 2]) * 3.0 + 1.0, tf.bfloat16)
    options = {"center": False, "scale": False, "dtype": "mixed_bfloat16"}
    expected, made = (
        layer(**options)(x, training=True)
        for layer in (keras.layers.BatchNormalization, BatchNormalization)
    )
    np.testing.assert_array_equal(tf.cast(made, tf.float32), tf.cast(expected, tf.float32))


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    # bfloat16 keeps eight bits: outputs near four differ by a rounding of 2^-6.
    [("mixed_bfloat16", 0.04), ("float32", 0.0)],
)
def test_it_is_keras_function_with_keras_gradients_and_statistics(dtype, tolerance):
    x = tf.random.stateless_normal(SHAPE, [1, 2]) * 3.0 + 1.0
    for expected, value in zip(*(_run(layer, x) for layer in _pair(dtype)), strict=True):
        np.testing.assert_allclose(value, expected, rtol=tolerance, atol=tolerance)


def test_statistics_are_float32_moments_of_the_pictures_as_they_are():
    _, layer = _pair("mixed_bfloat16")
    x = tf.cast(tf.random.stateless_normal(SHAPE, [1, 2]) + 1.0, tf.bfloat16)
    layer(x, training=True)
    flat = tf.cast(x, tf.float32).numpy().reshape(-1, 4)
    np.testing.assert_allclose(layer.moving_mean, 0.1 * flat.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, 0.9 + 0.1 * flat.var(axis=0), rtol=1e-5)


def test_inference_and_vectors_take_keras_way():
    for shape in (SHAPE, (8, 4)):
        ours = _pair("mixed_bfloat16", shape)
        x = tf.random.stateless_normal(shape, [1, 2])
        training = len(shape) == 2
        results = [tf.cast(layer(x, training=training), tf.float32).numpy() for layer in ours]
        np.testing.assert_array_equal(*results)
