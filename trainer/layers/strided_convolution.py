"""Convolutions of stride two whose bfloat16 filter gradients are matrix products.

oneDNN's bfloat16 kernel for the gradient with respect to a filter runs at the speed of float32; a
matrix product with the gathered patches is nearly twice as fast, gathering included. Everything
else, and other precisions and devices, is left to TensorFlow.
"""

from typing import Any

import keras
import tensorflow as tf

# Below this many channels, patches cost more than they save.
_FEWEST_CHANNELS = 4


class Conv2D(keras.layers.Conv2D):
    """Keras' layer; of stride two and "same" padding where it is to gain anything."""

    def call(self, inputs: Any) -> Any:
        """See `keras.layers.Conv2D`."""
        if not _gains(self, inputs.shape[-1]):
            return super().call(inputs)
        outputs = self.convolution_op(inputs, self.kernel)
        return (
            tf.nn.bias_add(outputs, tf.cast(self.bias, outputs.dtype)) if self.use_bias else outputs
        )

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """The convolution alone; see `keras.layers.Conv2D`."""
        if not _gains(self, inputs.shape[-1]):
            return super().convolution_op(inputs, kernel)
        return _convolution(inputs, tf.cast(tf.convert_to_tensor(kernel), inputs.dtype))


class Conv2DTranspose(keras.layers.Conv2DTranspose):
    """Keras' layer for stride two and "same" padding."""

    def call(self, inputs: Any) -> Any:
        """See `keras.layers.Conv2DTranspose`."""
        if not _gains(self, self.filters):
            return super().call(inputs)
        size = self.compute_output_shape(inputs.shape)[1:3]
        outputs = _transposed(size)(inputs, tf.cast(self.kernel.value, inputs.dtype))
        return (
            tf.nn.bias_add(outputs, tf.cast(self.bias, outputs.dtype)) if self.use_bias else outputs
        )


def _gains(layer: keras.layers.Layer, channels: int) -> bool:
    """Whether the matrix product is the faster way to the filter's gradient."""
    return (
        layer.compute_dtype == "bfloat16"
        and layer.strides == (2, 2)
        and layer.padding == "same"
        and layer.kernel_size[0] == layer.kernel_size[1]
        and layer.kernel_size[0] % 2 == 0
        and channels >= _FEWEST_CHANNELS
        and not tf.config.list_physical_devices("GPU")
    )


@tf.custom_gradient
def _convolution(x: tf.Tensor, kernel: tf.Tensor) -> Any:
    def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        dx = tf.nn.conv2d_transpose(dy, kernel, tf.shape(x), 2, "SAME")
        return dx, _filter_gradient(x, dy, kernel.shape[0])

    return tf.nn.conv2d(x, kernel, 2, "SAME"), gradient


def _transposed(size: tuple[int, int]) -> Any:
    @tf.custom_gradient
    def transposed(x: tf.Tensor, kernel: tf.Tensor) -> Any:
        def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            dx = tf.nn.conv2d(dy, kernel, 2, "SAME")
            return dx, _filter_gradient(dy, x, kernel.shape[0])

        shape = [tf.shape(x)[0], *size, kernel.shape[2]]
        return tf.nn.conv2d_transpose(x, kernel, shape, 2, "SAME"), gradient

    return transposed


def _filter_gradient(x: tf.Tensor, dy: tf.Tensor, side: int) -> tf.Tensor:
    """Gradient of conv(x [b, h, w, c], kernel) with respect to kernel [side, side, c, f].

    The padded picture is cut into 2×2 blocks, each a pixel of 4c channels, so that a kernel of
    stride two becomes one of half the side and stride one, whose patches are few shifted copies.
    """
    height, width = dy.shape[1:3]
    padding = [_padding(n, m, side) for n, m in zip(x.shape[1:3], (height, width), strict=True)]
    blocks = tf.nn.space_to_depth(tf.pad(x, [[0, 0], *padding, [0, 0]]), 2)
    half = side // 2
    patches = tf.concat(
        [blocks[:, i : i + height, j : j + width] for i in range(half) for j in range(half)], -1
    )
    channels, filters = x.shape[-1], dy.shape[-1]
    patches = tf.reshape(patches, [-1, side * side * channels])
    product = tf.matmul(patches, tf.reshape(dy, [-1, filters]), transpose_a=True)
    product = tf.reshape(product, [half, half, 2, 2, channels, filters])
    return tf.reshape(tf.transpose(product, [0, 2, 1, 3, 4, 5]), [side, side, channels, filters])


def _padding(size: int, out_size: int, side: int) -> list[int]:
    """What "same" padding adds before and after, TensorFlow's way."""
    total = (out_size - 1) * 2 + side - size
    return [total // 2, total - total // 2]
