"""What a family of networks offers, and what it is told to build for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import keras

from trainer.fields import Field


@dataclass(frozen=True)
class Ports:
    """What a network receives and answers, by name.

    Attributes:
        inputs: as the players see them: samples in [-1, 1], float32; a field of kind "key" is a
            row's own random key, for networks that roll dice.
        outputs: what it must answer.
        synchronized: whether batch normalisation averages over replicas.
    """

    inputs: Mapping[str, Field]
    outputs: Mapping[str, Field]
    synchronized: bool = False

    def keras_inputs(self, *, key: bool = False) -> dict[str, keras.KerasTensor]:
        """A `keras.Input` for each input; the key only where a network wants it."""
        return {
            name: keras.Input(field.shape, name=name, dtype=field.dtype)
            for name, field in self.inputs.items()
            if key or field.kind != "key"
        }

    @property
    def pictures(self) -> tuple[str, ...]:
        """Names of the inputs that are pictures or label maps: those with height and width."""
        return self.of_kind("image", "label_map")

    def of_kind(self, *kinds: str) -> tuple[str, ...]:
        """Names of the inputs of these kinds."""
        return tuple(name for name, field in self.inputs.items() if field.kind in kinds)


class NetworkFamily(Protocol):
    """Networks that fit one another, a method for each kind of role that the family can build.

    A user's own family is a class with such methods, named in a recipe as
    `network: {name: module:Class, options: {…}}` and constructed as `Class(**options)`. Every
    model takes a dict of named inputs and answers with a dict of named outputs; it may leave out
    inputs that it has no use for. A method that a family lacks is refused with a sentence where a
    game asks for it: `encoder(ports)`, say.
    """

    def generator(self, ports: Ports) -> keras.Model:
        """A model that makes samples of latents and of what else it is told."""
        ...

    def discriminator(self, ports: Ports) -> keras.Model:
        """A model that answers what the game asks about samples, such as "logits" [b]."""
        ...
