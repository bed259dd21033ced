"""What a family of networks offers, and what it is told to build for."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import keras

from trainer.layers.batch_normalization import BatchNormalization

Normalization = Literal["none", "batch", "layer"]


@dataclass(frozen=True)
class NetworkSpec:
    """The shapes that the two players meet at.

    Attributes:
        sample_shape: (h, w, c) of images, (d,) of points; samples lie in [-1, 1] as float32.
        latent_size: numbers in a latent.
        condition_size: width of the condition vector; 0 means there is no condition input.
        synchronized: whether batch normalisation averages over replicas.
    """

    sample_shape: tuple[int, ...]
    latent_size: int
    condition_size: int = 0
    synchronized: bool = False

    def condition_input(self) -> dict[str, keras.KerasTensor]:
        """The input `condition`, float32 [condition_size], where there is one."""
        if not self.condition_size:
            return {}
        return {"condition": keras.Input((self.condition_size,), name="condition")}


class NetworkFamily(Protocol):
    """A pair of networks that fit one another.

    A user's own family is a class with these two methods, named in a recipe as
    `network: {name: module:Class, options: {…}}` and constructed as `Class(**options)`.
    """

    def generator(self, spec: NetworkSpec) -> keras.Model:
        """A model of inputs `latent` [b, z] (and `condition` [b, y]) giving samples in [-1, 1]."""
        ...

    def discriminator(self, spec: NetworkSpec) -> keras.Model:
        """A model of inputs `sample` (and `condition`) giving {"logits": float32 [b]}."""
        ...


def normalize(x: Any, kind: Normalization, spec: NetworkSpec) -> Any:
    """The chosen normalisation of a hidden layer's output."""
    if kind == "batch":
        return BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=spec.synchronized)(x)
    if kind == "layer":
        return keras.layers.LayerNormalization(epsilon=1e-5)(x)
    return x


def logits_output(x: Any) -> dict[str, Any]:
    """A hidden layer [b, d] as the discriminator's outputs: one float32 logit an example."""
    logits = keras.layers.Dense(1, dtype="float32")(x)
    return {"logits": keras.layers.Reshape((), dtype="float32", name="logits")(logits)}
