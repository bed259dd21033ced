"""What a family of networks offers, and what it is to build for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import keras

from trainer.errors import ConfigError
from trainer.fields import Field


@dataclass(frozen=True)
class Ports:
    """What a network receives and answers, by name.

    Attributes:
        inputs: as the players see them: samples in [-1, 1], float32; a field of kind "key" is a
            row's own random key, for stochastic networks.
        outputs: what it must answer.
        synchronized: whether batch normalisation averages over replicas.
        open_sizes: whether pictures come and go in any height and width; then fields have those of
            training, on which the layers of a network and its weights depend.
    """

    inputs: Mapping[str, Field]
    outputs: Mapping[str, Field]
    synchronized: bool = False
    open_sizes: bool = False

    def keras_inputs(self, *, key: bool = False) -> dict[str, keras.KerasTensor]:
        """A `keras.Input` for each input; the key only where a network wants it."""
        return {
            name: keras.Input(self._shape_of(field), name=name, dtype=field.dtype)
            for name, field in self.inputs.items()
            if key or field.kind != "key"
        }

    def _shape_of(self, field: Field) -> tuple[int | None, ...]:
        return field.opened.shape if self.open_sizes and field.is_picture else field.shape

    @property
    def pictures(self) -> tuple[str, ...]:
        """Names of the inputs that are pictures or label maps: those with height and width."""
        return tuple(name for name, field in self.inputs.items() if field.is_picture)

    def of_kind(self, *kinds: str) -> tuple[str, ...]:
        """Names of the inputs of these kinds."""
        return tuple(name for name, field in self.inputs.items() if field.kind in kinds)


def the_sequence(family: str, fields: Mapping[str, Field]) -> str:
    """The name of the one field that is a sequence: numbers or symbols at several steps, [T, d].

    Raises:
        ConfigError: where none is, or several are.
    """
    found = [n for n, field in fields.items() if len(field.shape) == 2 and field.kind != "key"]
    if len(found) != 1:
        shapes = ", ".join(f"{n} {'x'.join(map(str, f.shape)) or '1'}" for n, f in fields.items())
        raise ConfigError(
            f"network.name: received {family!r}, which makes and judges one sequence of steps, but "
            f"the game's fields are {shapes}; give texts, DNA or time series (text:FILE, "
            "fasta:FILE, npz:FILE with `series`), or take another network."
        )
    return found[0]


@dataclass(frozen=True)
class Reach:
    """How far a network that takes pictures of any size looks.

    Attributes:
        stride: pixels of the picture that is given after which the network treats all alike: of
            parts that begin at its multiples it makes the same as of the whole, but for their
            borders.
        context: so far from a border of a part, in pixels of the picture that is given, what is
            made depends on what lies beyond; None where it does so everywhere, by a statistic of
            the whole picture.
    """

    stride: int
    context: int | None


class NetworkFamily(Protocol):
    """Networks that fit one another, a method for each kind of role that the family can build.

    A user's own family is a class with such methods, named in a recipe as
    `network: {name: module:Class, options: {…}}` and constructed as `Class(**options)`. Every
    model takes a dict of named inputs and answers with a dict of named outputs; it may leave out
    inputs that it has no use for. A method that a family lacks is refused with a sentence where a
    game asks for it: `encoder(ports)`, say.

    A family whose generators translate pictures of any size also has `reach(ports)`, which gives
    the `Reach` of its generator, or None where that cannot; then it is built once more for
    `Ports.open_sizes`, with the same weights in the same order.
    """

    def generator(self, ports: Ports) -> keras.Model:
        """A model that makes samples of latents and conditioning."""
        ...

    def discriminator(self, ports: Ports) -> keras.Model:
        """A model that answers what the game asks about samples, such as "logits" [b]."""
        ...
