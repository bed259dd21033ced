"""Layers that draw random numbers from a row's own key: functions of their inputs, without a state.

Keras' layers of this kind keep a seed variable, which is neither a function of the step nor the
same on every replica. What a network makes here follows from its weights and a row's key alone, in
training and in exports.
"""

import math
from typing import Any

import keras
import tensorflow as tf

from trainer import randomness


class KeyedDropout(keras.layers.Layer):
    """Sets each number to zero with probability `rate` and divides the others by 1 - `rate`.

    It is on in inference, too: it is the noise of a network that has no latent (Isola et al. 2017,
    section 3.3).

    Args:
        rate: on [0, 1).
        number: of the layer in its network; layers of different numbers draw numbers of their own.

    Reference: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from
    overfitting".
    """

    def __init__(self, rate: float, number: int, **options: Any) -> None:
        super().__init__(**options)
        self.rate, self.number = rate, number

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Values [b, …] and keys uint32 [b, 2] → values of the same shape and dtype."""
        x, key = inputs
        keys = randomness.fold(randomness.Key.of_rows(key), tf.constant(self.number, tf.int64))
        is_open = None in x.shape[1:]
        size = tf.reduce_prod(tf.shape(x)[1:]) if is_open else math.prod(x.shape[1:])
        kept = randomness.uniform(keys, size) >= self.rate
        kept = tf.reshape(kept, tf.shape(x) if is_open else [-1, *x.shape[1:]])
        return tf.where(kept, x / tf.cast(1.0 - self.rate, x.dtype), tf.zeros([], x.dtype))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the values."""
        return input_shape[0]


class KeyedNoise(keras.layers.Layer):
    """x + s n, n one plane of standard normal noise a row and s a learned number, 0 at the start.

    Args:
        number: of the layer in its network; layers of different numbers draw numbers of their own.

    Reference: Karras et al. 2019, "A style-based generator architecture for generative adversarial
    networks", section 2; one number for all channels: Karras et al. 2020, figure 2.
    """

    def __init__(self, number: int, **options: Any) -> None:
        super().__init__(**options)
        self.number = number

    def build(self, input_shape: Any) -> None:
        """Makes the number."""
        self.strength = self.add_weight(name="strength", shape=(), initializer="zeros")

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Values [b, h, w, c] and keys uint32 [b, 2] → values of the same shape and dtype."""
        x, key = inputs
        keys = randomness.fold(randomness.Key.of_rows(key), tf.constant(self.number, tf.int64))
        height, width = x.shape[1:3]
        plane = tf.reshape(randomness.normal(keys, height * width), [-1, height, width, 1])
        return x + tf.convert_to_tensor(self.strength) * tf.cast(plane, x.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the values."""
        return input_shape[0]
