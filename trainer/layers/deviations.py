"""Deviations of a distribution that are weights: the same ones for every example."""

import math
from typing import Any

import keras
import tensorflow as tf

# Between which they lie. A column of one value alone would otherwise have a density without bound.
_LEAST, _MOST = 0.01, 1.0
_START = 0.1


class Deviations(keras.layers.Layer):
    """δ = .01 + .99 sigmoid(w), each of them .1 at the start.

    Args:
        count: how many.
    """

    def __init__(self, count: int, **options: Any) -> None:
        super().__init__(**options)
        share = (_START - _LEAST) / (_MOST - _LEAST)
        start = keras.initializers.Constant(math.log(share / (1.0 - share)))
        self.count = count
        self.free = self.add_weight(shape=(count,), initializer=start, name="free")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Anything [b, …] → the deviations, float32 [b, count]."""
        deviations = _LEAST + (_MOST - _LEAST) * tf.sigmoid(self.free)
        return tf.broadcast_to(deviations, [tf.shape(inputs)[0], self.count])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """[b, count]."""
        return (input_shape[0], self.count)
