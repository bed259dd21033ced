"""Self-attention over the places of a picture."""

from typing import Any

import keras
import tensorflow as tf


class Attention(keras.layers.Layer):
    """Every place's mean of the values of all places, weighed by how its query meets their keys.

        o_j = Σ_i β_ji h_i,   β_j = softmax_i(q_j · k_i)

    The weights are taken in float32.

    Reference: Zhang et al. 2019, "Self-attention generative adversarial networks", equations 1, 2.
    """

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Queries and keys [b, h, w, d] and values [b, h, w, c] → [b, h, w, c]."""
        queries, keys, values = (_places(x) for x in inputs)
        similarity = tf.matmul(queries, keys, transpose_b=True)
        weights = tf.nn.softmax(tf.cast(similarity, tf.float32))
        attended = tf.matmul(tf.cast(weights, values.dtype), values)
        return tf.reshape(attended, tf.shape(inputs[2]))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the values."""
        return input_shape[2]


class GatedSum(keras.layers.Layer):
    """x + γ y with a learned number γ, which starts at zero: y comes in as it proves of use."""

    def build(self, input_shape: Any) -> None:
        """Makes γ."""
        self.gate = self.add_weight(name="gate", shape=(), initializer="zeros")

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Two tensors of one shape → a third."""
        x, y = inputs
        return x + tf.cast(tf.convert_to_tensor(self.gate), y.dtype) * y

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of x."""
        return input_shape[0]


def _places(x: tf.Tensor) -> tf.Tensor:
    """[b, h, w, c] → [b, h·w, c]."""
    height, width, channels = x.shape[1:]
    return tf.reshape(x, [-1, height * width, channels])
