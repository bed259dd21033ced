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
        return rows, *(n and n * factor for n in (height, width)), channels // factor**2


class Bicubic(keras.layers.Layer):
    """A picture [b, h, w, c] a whole number larger, float32 (`trainer.metrics.bicubic`)."""

    def __init__(self, factor: int, **options: Any) -> None:
        super().__init__(dtype="float32", **options)
        self.factor = factor

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """See the class."""
        return enlarged(inputs, self.factor)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """See the class."""
        rows, *sides, channels = input_shape
        return rows, *(n and n * self.factor for n in sides), channels


def enlarged(pictures: tf.Tensor, factor: int) -> tf.Tensor:
    """Pictures float32 [b, h, w, c], also of open sizes, as [b, factor · h, factor · w, c].

    As `resized`, by the few old lines that count in each new one: memory and time are linear in the
    picture's size.
    """
    for axis in (1, 2):
        pictures = _lengthened(pictures, factor, axis)
    return pictures


def _lengthened(pictures: tf.Tensor, factor: int, axis: int) -> tf.Tensor:
    """Pictures [b, h, w, c] with `factor` lines for each one along an axis."""
    shape = pictures.shape
    count = shape[axis] if shape[axis] is not None else tf.shape(pictures)[axis]
    reach, shares = bicubic.REACH, tf.constant(bicubic.phases(factor), tf.float32)
    places = tf.range(-reach, count + reach) % (2 * count)
    # Lines beyond an edge are those before it, the edge's own line first.
    lines = tf.gather(pictures, tf.minimum(places, 2 * count - 1 - places), axis=axis)
    begin, size = [0, 0, 0, 0], [-1, -1, -1, -1]
    made = tf.zeros([factor, 1, 1, 1, 1])
    for offset in range(2 * reach + 1):
        begin[axis], size[axis] = offset, count
        made += shares[:, offset, None, None, None, None] * tf.slice(lines, begin, size)
    order = [1, 2, 0, 3, 4] if axis == 1 else [1, 2, 3, 0, 4]
    sides = [tf.shape(pictures)[i + 1] if n is None else n for i, n in enumerate(shape[1:3])]
    sides[axis - 1] = factor * count
    return tf.reshape(tf.transpose(made, order), [-1, *sides, shape[3]])


def resized(pictures: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Pictures float32 [..., h, w, c] at another size, neither rounded nor clipped."""
    height, width = pictures.shape[-3:-1]
    rows = tf.constant(bicubic.weights(height, size[0]), tf.float32)
    columns = tf.constant(bicubic.weights(width, size[1]), tf.float32)
    return tf.einsum("yh,...hwc,xw->...yxc", rows, pictures, columns)
