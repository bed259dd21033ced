import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.layers import strided_convolution

OPTIONS = {"strides": 2, "padding": "same"}


def _pair(name, dtype, side, shape, bias):
    """Keras' layer and ours with the same weights."""
    pair = []
    for module in (keras.layers, strided_convolution):
        layer = getattr(module, name)(5, side, use_bias=bias, dtype=dtype, **OPTIONS)
        layer.build(shape)
        pair.append(layer)
    for ours, theirs in zip(pair[1].weights, pair[0].weights, strict=True):
        ours.assign(theirs)
    return pair


def _run(layer, x):
    x = tf.Variable(tf.cast(x, layer.compute_dtype))
    variables = [v.value for v in layer.trainable_variables]
    with tf.GradientTape() as tape:
        y = layer(x)
        # Its gradient by y is the same whatever y was rounded to.
        weights = tf.random.stateless_normal(tf.shape(y), [5, 6])
        loss = tf.reduce_sum(weights * tf.cast(y, tf.float32))
    return [tf.cast(v, tf.float32).numpy() for v in (y, *tape.gradient(loss, [x, *variables]))]


@pytest.mark.parametrize("name", ["Conv2D", "Conv2DTranspose"])
@pytest.mark.parametrize("side", [2, 3, 4, 6])
@pytest.mark.parametrize("shape", [(3, 8, 8, 6), (3, 7, 5, 6), (3, 4, 9, 2)])
@pytest.mark.parametrize("bias", [True, False])
def test_it_is_keras_function_with_keras_gradients(name, side, shape, bias):
    keras_layer, ours = _pair(name, "mixed_bfloat16", side, shape, bias)
    exact, _ = _pair(name, "float32", side, shape, bias)
    for variable, theirs in zip(exact.weights, keras_layer.weights, strict=True):
        variable.assign(tf.cast(tf.cast(theirs, tf.bfloat16), tf.float32))
    x = tf.cast(tf.random.stateless_normal(shape, [1, 2]), tf.bfloat16)
    triples = zip(_run(exact, x), _run(keras_layer, x), _run(ours, x), strict=True)
    for expected, of_keras, value in triples:
        # A sum of products that is rounded once; some processors round in between, Keras' too.
        once = np.abs(expected).max() * 2**-7
        worst = np.abs(of_keras - expected).max()
        np.testing.assert_allclose(value, expected, rtol=0, atol=max(once, 1.5 * worst))


def test_filter_gradients_agree_with_float32():
    """In float32 the matrix product is the very gradient, whatever sums in which order."""
    x = tf.random.stateless_normal((3, 7, 5, 6), [1, 2])
    kernel = tf.Variable(tf.random.stateless_normal((4, 4, 6, 5), [3, 4]))
    with tf.GradientTape() as tape:
        y = tf.nn.conv2d(x, kernel, 2, "SAME")
        loss = tf.reduce_sum(tf.sin(y))
    dy = tf.cos(y)
    ours = strided_convolution._filter_gradient(x, dy, 4)
    np.testing.assert_allclose(ours, tape.gradient(loss, kernel), rtol=1e-4, atol=1e-4)


def test_a_gradient_penalty_can_be_taken_through_it():
    pair = _pair("Conv2D", "mixed_bfloat16", 4, (3, 8, 8, 6), True)
    x = tf.random.stateless_normal((3, 8, 8, 6), [1, 2])

    def penalty_gradient(layer):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(tf.sin(tf.cast(layer(x), tf.float32)))
            norm = tf.reduce_sum(tf.square(inner.gradient(y, x)))
        return tf.cast(outer.gradient(norm, layer.kernel.value), tf.float32).numpy()

    expected, value = (penalty_gradient(layer) for layer in pair)
    np.testing.assert_allclose(value, expected, rtol=0, atol=0.03 * np.abs(expected).max())
