"""The last layer of what makes rows of a table."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from trainer import randomness


class MixedColumns(keras.layers.Layer):
    """tanh of numbers' places, and softmax or Gumbel-softmax of categories and modes.

    A one-hot part is softmax((h + g) / τ) with Gumbel noise g of the row's own key: its largest
    number is category k with the probability softmax(h)[k], whatever the temperature, and the rest
    lets gradients through. Without a key it is softmax(h).

    Args:
        parts: kind ("scalar" or "one_hot"), first place and size of each part, in order.
        temperature: τ, above 0.

    Reference: Jang et al. 2017, "Categorical reparameterization with Gumbel-softmax"; Xu et al.
    2019, section 4.4.
    """

    def __init__(
        self, parts: Sequence[tuple[str, int, int]], temperature: float, **options: Any
    ) -> None:
        super().__init__(**options)
        self.parts, self.temperature = tuple(parts), temperature

    def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        """Values float32 [b, W], and keys uint32 [b, 2] or none → rows float32 [b, W]."""
        x, *keys = inputs
        logits = self._noised(x, keys[0]) if keys else x
        made = [
            tf.tanh(x[:, start : start + size])
            if kind == "scalar"
            else tf.nn.softmax(logits[:, start : start + size])
            for kind, start, size in self.parts
        ]
        return tf.concat(made, axis=1)

    def _noised(self, x: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        noise = randomness.gumbel(randomness.Key.of_rows(key), x.shape[-1])
        return (x + noise) / self.temperature

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the values."""
        return input_shape[0]
