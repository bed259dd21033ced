"""Layers that fit pictures of any size to a network, and what it makes to the picture again."""

from typing import Any

import keras
import tensorflow as tf


class Fitted(keras.layers.Layer):
    """A picture [b, h, w, c] continued, mirrored, to a size that a network's strides fit.

    A side n becomes the smallest n' ≥ max(n, min(m, least)) with n' ≡ m modulo the stride, m that
    of the pictures of training: so every resolution within the network is odd or even as it was
    there, and pictures of training stay as they are. What is added lies below and to the right.

    Args:
        stride: of the network as a whole, a power of two.
        trained: height and width of the pictures of training.
        least: the smallest side that the network can take, beside those of training.
    """

    def __init__(self, stride: int, trained: tuple[int, int], least: int = 1, **options: Any):
        super().__init__(**options)
        self.stride, self.trained, self.least = stride, trained, least

    def call(self, picture: tf.Tensor) -> tf.Tensor:
        """See the class."""
        for axis, side in zip((1, 2), self.trained, strict=True):
            known = picture.shape[axis]
            least = min(side, self.least)
            if known is not None and known >= least and (side - known) % self.stride == 0:
                continue
            size = tf.shape(picture)[axis]
            least = tf.maximum(size, least)
            places = tf.range(least + (side - least) % self.stride)
            # 0 1 2 3 2 1 0 1 …: the last line is not repeated.
            folded = places % tf.maximum(2 * (size - 1), 1)
            picture = tf.gather(picture, tf.minimum(folded, 2 * (size - 1) - folded), axis=axis)
        return picture

    def compute_output_shape(self, input_shape: Any) -> Any:
        """See the class."""
        return input_shape[0], None, None, input_shape[3]


class Cropped(keras.layers.Layer):
    """The upper left of a picture: as much as another one has, a whole number of times.

    Args:
        factor: how many pixels the picture has, along each side, for one of the other.
    """

    def __init__(self, factor: int = 1, **options: Any) -> None:
        super().__init__(**options)
        self.factor = factor

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Pictures [b, h, w, c] and others [b, n, m, k] → [b, factor · n, factor · m, c]."""
        picture, other = inputs
        height, width = (self.factor * tf.shape(other)[axis] for axis in (1, 2))
        return picture[:, :height, :width]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """See the class."""
        picture, _ = input_shape
        return picture[0], None, None, picture[3]


class AsChannels(keras.layers.Layer):
    """A vector [b, d] as d constant channels of the size of a picture [b, h, w, c]."""

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """See the class."""
        vector, picture = inputs
        channels = vector[:, tf.newaxis, tf.newaxis]
        shape = tf.concat([tf.shape(picture)[:3], [vector.shape[1]]], axis=0)
        spread = tf.broadcast_to(channels, shape)
        spread.set_shape([None, *picture.shape[1:3], vector.shape[1]])
        return spread

    def compute_output_shape(self, input_shape: Any) -> Any:
        """See the class."""
        vector, picture = input_shape
        return picture[0], picture[1], picture[2], vector[1]
