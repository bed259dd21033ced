"""Layers of equalised learning rate: weights of unit deviation, scaled where they are used.

Adam moves every weight by about the same amount, whatever its scale. Weights that all start from
N(0, 1), and are scaled by gain / √fan-in in every pass instead of once at the start, have the same
dynamic range, so all of them learn at the same speed.

Reference: Karras et al. 2018, "Progressive growing of GANs for improved quality, stability, and
variation", section 4.1.
"""

import math
from typing import Any

import keras

# He's constant, for layers that a rectifier follows.
_GAIN = math.sqrt(2.0)


class EqualizedDense(keras.layers.Dense):
    """Keras' layer whose kernel is multiplied by gain / √fan-in in every pass."""

    def __init__(self, units: int, *, gain: float = _GAIN, **options: Any) -> None:
        super().__init__(units, kernel_initializer=_unit_normal(), **options)
        self.gain = gain

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """See `keras.layers.Dense`."""
        return super().call(inputs * _scale(self.gain, inputs.shape[-1]), training=training)


class EqualizedConv2D(keras.layers.Conv2D):
    """Keras' layer, padded to "same", whose kernel is multiplied by gain / √fan-in in a pass."""

    def __init__(self, filters: int, side: int, *, gain: float = _GAIN, **options: Any) -> None:
        super().__init__(
            filters, side, padding="same", kernel_initializer=_unit_normal(), **options
        )
        self.gain = gain

    def call(self, inputs: Any) -> Any:
        """See `keras.layers.Conv2D`."""
        fan_in = math.prod(self.kernel_size) * inputs.shape[-1]
        return super().call(inputs * _scale(self.gain, fan_in))


def _unit_normal() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=1.0)


def _scale(gain: float, fan_in: int) -> float:
    return gain / math.sqrt(fan_in)
