"""Modulated convolutions: per example what an explicit kernel would be, of unit norm."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.game.averaging import Statistics
from trainer.layers.keyed import KeyedNoise
from trainer.layers.modulated import ModulatedConv2D, StyleAverage


def _values():
    random = np.random.RandomState(0)
    x = random.standard_normal((3, 5, 6, 4)).astype(np.float32)
    return x, random.standard_normal((3, 4)).astype(np.float32)


def _kernels(layer, style):
    """The kernel of each example, as equations 1 and 3 have it."""
    kernel = layer.kernel.numpy() * layer.scale
    kernels = kernel * style[:, np.newaxis, np.newaxis, :, np.newaxis]
    if layer.demodulate:
        kernels /= np.sqrt(np.square(kernels).sum(axis=(1, 2, 3), keepdims=True) + 1e-8)
    return kernels


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("side", [1, 3])
def test_it_is_the_convolution_with_each_examples_own_kernel(side, demodulate):
    x, style = _values()
    layer = ModulatedConv2D(5, side, demodulate=demodulate)
    made = layer((x, style))
    kernels = _kernels(layer, style)
    expected = [
        tf.nn.conv2d(row[np.newaxis], kernel, 1, "SAME")[0]
        for row, kernel in zip(x, kernels, strict=True)
    ]
    np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-5)
    if demodulate:
        norms = np.square(kernels).sum(axis=(1, 2, 3))
        np.testing.assert_allclose(norms, 1.0, rtol=1e-4)


def test_outputs_of_unit_inputs_have_unit_deviation_whatever_the_style():
    random = np.random.RandomState(0)
    x = random.standard_normal((2, 64, 64, 16)).astype(np.float32)
    style = np.stack([np.full(16, 7.0), random.uniform(0, 1, 16)]).astype(np.float32)
    made = ModulatedConv2D(8, 3)((x, style)).numpy()[:, 1:-1, 1:-1]
    np.testing.assert_allclose(made.std(axis=(1, 2)), 1.0, atol=0.05)


def test_styles_are_drawn_to_the_mean_of_all():
    layer = StyleAverage(momentum=0.5)
    styles = tf.constant([[1.0, 2.0], [3.0, 6.0]])
    np.testing.assert_array_equal(layer((styles, tf.zeros(2)), training=True), styles)
    np.testing.assert_allclose(layer.moving_mean, [1.0, 2.0])
    drawn = layer((styles, tf.constant([0.0, 0.5])))
    np.testing.assert_allclose(drawn, [[1.0, 2.0], [2.0, 4.0]])


def test_the_mean_style_is_re_estimated():
    inputs = {"w": keras.Input((2,), name="w"), "share": keras.Input((), name="share")}
    model = keras.Model(
        inputs, {"style": StyleAverage(name="style")((inputs["w"], inputs["share"]))}
    )
    batches = [{"w": tf.fill([4, 2], float(k)), "share": tf.ones(4)} for k in (1, 2)]
    Statistics(model).reestimate(batches)
    np.testing.assert_allclose(model.get_layer("style").moving_mean, [1.5, 1.5], rtol=1e-5)


def test_noise_is_a_function_of_the_key_and_absent_at_the_start():
    layer, x = KeyedNoise(3), tf.zeros([2, 8, 8, 5])
    key = tf.constant([[1, 2], [3, 4]], tf.uint32)
    np.testing.assert_array_equal(layer((x, key)), x)
    layer.strength.assign(2.0)
    noisy = layer((x, key)).numpy()
    np.testing.assert_array_equal(noisy, np.repeat(noisy[..., :1], 5, axis=-1))
    np.testing.assert_array_equal(layer((x[1:], key[1:])), noisy[1:])
    assert np.abs(noisy[0] - noisy[1]).max() > 0.5
    assert np.abs(noisy - KeyedNoise(4)((x, key))).max() > 0.0
