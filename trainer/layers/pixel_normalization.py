"""Pixel normalisation: every pixel's feature vector brought to unit length."""

from typing import Any

import keras
import tensorflow as tf


class PixelNormalization(keras.layers.Layer):
    """b = a / √(mean(a²) + ε) over the last axis: of each pixel's channels, or of a latent.

    It looks at no other pixel and no other example, and has no weights.

    Reference: Karras et al. 2018, section 4.2; ε = 1e-8.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Values [b, …, c] → values of the same shape and dtype; moments are taken in float32."""
        x = tf.cast(inputs, tf.float32)
        length = tf.math.rsqrt(tf.reduce_mean(tf.square(x), axis=-1, keepdims=True) + 1e-8)
        return tf.cast(x * length, inputs.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the inputs."""
        return input_shape
