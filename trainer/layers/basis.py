"""Between a vector and the smallest feature map, by one learned pattern a channel."""

from typing import Any

import keras
import tensorflow as tf


class Basis(keras.layers.Layer):
    """A vector [b, c] as a map [b, h, w, c]: every number scales its channel's learned pattern.

    The patterns start from N(0, 1).

    Reference: Huang et al. 2024, "The GAN is dead; long live the GAN! A modern baseline GAN".
    """

    def __init__(self, height: int, width: int, **options: Any) -> None:
        super().__init__(**options)
        self.height, self.width = height, width

    def build(self, input_shape: Any) -> None:
        """Makes the patterns."""
        self.patterns = self.add_weight(
            name="patterns",
            shape=(self.height, self.width, input_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
        )

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """See the class."""
        return inputs[:, tf.newaxis, tf.newaxis] * self.patterns

    def compute_output_shape(self, input_shape: Any) -> Any:
        """[b, h, w, c]."""
        return (input_shape[0], self.height, self.width, input_shape[-1])


class BasisSum(keras.layers.Layer):
    """A map [b, h, w, c] as a vector [b, c]: every channel weighed by a pattern, and summed.

    The patterns start from a normal distribution of variance 1 / (h w).
    """

    def build(self, input_shape: Any) -> None:
        """Makes the patterns."""
        height, width, channels = input_shape[1:]
        self.patterns = self.add_weight(
            name="patterns",
            shape=(height, width, channels),
            initializer=keras.initializers.RandomNormal(stddev=(height * width) ** -0.5),
        )

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """See the class."""
        return tf.reduce_sum(inputs * self.patterns, axis=[1, 2])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """[b, c]."""
        return (input_shape[0], input_shape[-1])
