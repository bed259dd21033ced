"""Layers that enlarge pictures: channels that become pixels, and bicubic interpolation."""

from typing import Any

import keras
import tensorflow as tf

from trainer.metrics import bicubic


class SubPixel(keras.layers.Layer):
    """r² channels become r × r pixels: [b, h, w, r² c] → [b, r h, r w, c].

    y[r i + k, r j + l, m] = x[i, j, (r k + l) c + m]; it has no weights.

    Reference: Shi et al. 2016, "Real-time single image and video super-resolution using an
    efficient sub-pixel convolutional neural network", equation 4.
    """

    def __init__(self, factor: int, **options: Any) -> None:
        super().__init__(**options)
        self.factor = factor

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """See the class."""
        return tf.nn.depth_to_space(inputs, self.factor)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """See the class."""
        rows, height, width, channels = input_shape
        factor = self.factor
        return rows, height * factor, width * factor, channels // factor**2


class Bicubic(keras.layers.Layer):
    """A picture [b, h, w, c] at another size, float32 (`trainer.metrics.bicubic`)."""

    def __init__(self, size: tuple[int, int], **options: Any) -> None:
        super().__init__(dtype="float32", **options)
        self.size = size

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """See the class."""
        return resized(inputs, self.size)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """See the class."""
        return input_shape[0], *self.size, input_shape[3]


def resized(pictures: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Pictures float32 [..., h, w, c] at another size, neither rounded nor clipped."""
    height, width = pictures.shape[-3:-1]
    rows = tf.constant(bicubic.weights(height, size[0]), tf.float32)
    columns = tf.constant(bicubic.weights(width, size[1]), tf.float32)
    return tf.einsum("yh,...hwc,xw->...yxc", rows, pictures, columns)
