"""Players of a few weights each, small enough for pencil and paper.

They are families like any other (`trainer.networks.ports`), named in a recipe by their class.
"""

from typing import Any

import keras

from trainer.networks.heads import heads
from trainer.networks.ports import Ports


class Point:
    """A generator that moves its latents, and a discriminator that is linear.

        G(z) = θ + s ⊙ z,    D(x) = ψ · x (+ b)

    With s = 0 and without b it is the Dirac-GAN of Mescheder et al. 2018, definition 2.1. With
    s > 0 it is a Gaussian whose mean is to be learned, against which the best logit is linear if
    the real examples are a Gaussian of the same covariance.

    Args:
        spread: s, of every axis or one for each.
        bias: whether the discriminator has b.
    """

    def __init__(self, spread: float | list[float] = 0.0, bias: bool = False) -> None:
        self.spread, self.bias = spread, bias

    def generator(self, ports: Ports) -> keras.Model:
        """Latents [b, d] → samples [b, d]."""
        inputs = ports.keras_inputs()
        moved = Moved(self.spread)(inputs["latent"])
        return keras.Model(inputs, {"sample": moved}, name="generator")

    def discriminator(self, ports: Ports) -> keras.Model:
        """Samples [b, d] → logits [b]."""
        inputs = ports.keras_inputs()
        logit = keras.layers.Dense(1, use_bias=self.bias)(inputs["sample"])
        logits = keras.layers.Reshape((), name="logits")(logit)
        return keras.Model(inputs, {"logits": logits}, name="discriminator")


class Judging:
    """The generator of `Point` against a discriminator of any capacity: two tanh layers.

    Args:
        units: of each hidden layer.
        spread: as in `Point`.
    """

    def __init__(self, units: int = 32, spread: float | list[float] = 1.0) -> None:
        self.units, self.generator = units, Point(spread).generator

    def discriminator(self, ports: Ports) -> keras.Model:
        """Samples [b, d] → logits [b]."""
        inputs = ports.keras_inputs()
        x = inputs["sample"]
        for _ in range(2):
            x = keras.layers.Dense(self.units, activation="tanh")(x)
        return keras.Model(inputs, heads(x, ports), name="discriminator")


class Moved(keras.layers.Layer):
    """z → θ + s ⊙ z with a trainable θ that starts at zero."""

    def __init__(self, spread: float | list[float], **options: Any) -> None:
        super().__init__(**options)
        self.spread = spread

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Adds θ, float32 [d]."""
        self.place = self.add_weight(shape=shape[-1:], initializer="zeros", name="place")

    def call(self, z: Any) -> Any:
        """Latents [b, d], each with θ added to it."""
        return self.place + keras.ops.convert_to_tensor(self.spread, z.dtype) * z
