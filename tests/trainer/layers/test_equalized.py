import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.equalized import EqualizedConv2D, EqualizedDense
from trainer.layers.pixel_normalization import PixelNormalization


@pytest.mark.parametrize("deviation", [1.0, 7.0])
def test_a_pass_multiplies_the_stored_weights_by_gain_over_the_root_of_the_fan_in(deviation):
    """Keras' own initial deviation √(2 / fan-in), whatever is stored."""
    dense, convolution = EqualizedDense(200), EqualizedConv2D(50, 3)
    dense.build((None, 300))
    convolution.build((None, 5, 5, 40))
    for layer, fan_in in ((dense, 300), (convolution, 9 * 40)):
        layer.kernel.assign(deviation * layer.kernel)
        assert np.std(layer.kernel.numpy()) == pytest.approx(deviation, rel=0.02)
        effective = _kernel_in_use(layer, fan_in)
        assert effective == pytest.approx(deviation * np.sqrt(2.0 / fan_in), rel=0.05)


def _kernel_in_use(layer, fan_in):
    """The deviation of the answers to unit pulses."""
    if isinstance(layer, EqualizedDense):
        return np.std(layer(tf.eye(fan_in)).numpy())
    # A pulse in the middle of a channel is answered by the whole kernel of that channel.
    pulses = np.zeros((40, 3, 3, 40), np.float32)
    pulses[np.arange(40), 1, 1, np.arange(40)] = 1.0
    return np.std(layer(tf.constant(pulses)).numpy())


def test_the_bias_is_not_scaled():
    layer = EqualizedDense(2, gain=1.0)
    layer.build((None, 16))
    layer.bias.assign([1.0, -2.0])
    np.testing.assert_allclose(layer(tf.zeros([1, 16])), [[1.0, -2.0]])


def test_pixels_come_to_unit_mean_square():
    x = tf.constant([[[[3.0, 4.0], [0.0, 0.0]]]])
    normalized = PixelNormalization()(x).numpy()
    np.testing.assert_allclose(normalized[0, 0, 0], np.array([3.0, 4.0]) / np.sqrt(12.5), rtol=1e-6)
    np.testing.assert_array_equal(normalized[0, 0, 1], [0.0, 0.0])
