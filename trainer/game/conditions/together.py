"""Several conditions at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.game.conditions.condition import Condition, Values
from trainer.game.players import Inputs, Network


class Together(Condition):
    """The union of what several conditions tell; each keeps its names.

    Raises:
        ConfigError: when two of them use one name.
    """

    def __init__(self, members: Sequence[Condition]) -> None:
        self.members = members
        names = [name for member in self.members for name in (*member.ports, *member.request)]
        ports = [name for member in self.members for name in member.ports]
        if len(ports) != len(set(ports)):
            raise ConfigError(
                f"condition: received several that use one name ({', '.join(sorted(names))}); "
                "leave one of them out."
            )
        self.ports = {k: v for member in self.members for k, v in member.ports.items()}
        self.request = {k: v for member in self.members for k, v in member.request.items()}
        self.drawn_by = next((m.drawn_by for m in self.members if m.drawn_by is not None), None)
        self.roles = {k: v for member in self.members for k, v in member.roles.items()}

    def of_batch(self, batch: Mapping[str, tf.Tensor]) -> Inputs:
        """What all of them tell of a training batch."""
        return {k: v for member in self.members for k, v in member.of_batch(batch).items()}

    def draw(self, keys: randomness.Key) -> Values | None:
        """What all of them draw, each from keys of its own; None where one cannot.

        A label is that of the example whose attributes or caption are drawn. Attributes and a
        caption are each of an example of their own, and the label then is that of the later one.
        """
        drawn: dict[str, tf.Tensor] = {}
        beside: dict[str, tf.Tensor] = {}
        for number, member in enumerate(self.members):
            own = randomness.fold(keys, tf.constant(number, tf.int64)) if number else keys
            values = member.draw(own)
            if values is None:
                return None
            drawn |= values
            beside |= member.drawn_beside(own)
        return drawn | {name: values for name, values in beside.items() if name in drawn}

    def encode(self, values: Values) -> Inputs:
        """What all of them tell for the values that a request names."""
        return {k: v for member in self.members for k, v in member.encode(values).items()}

    def embedded(self, inputs: Inputs, networks: Mapping[str, Network]) -> Inputs:
        """What the networks of all of them make of their inputs."""
        of_each = (member.embedded(inputs, networks) for member in self.members)
        return {k: v for of_member in of_each for k, v in of_member.items()}

    def describe(self) -> dict[str, Any]:
        """What each of them says."""
        return {"kind": "together", "of": [member.describe() for member in self.members]}

    @property
    def can_be_drawn(self) -> bool:
        """Whether all of them can be drawn."""
        return all(member.can_be_drawn for member in self.members)


def together(options: catalogue.TogetherCondition, spec: DataSpec) -> Together:
    """The conditions that a recipe lists.

    Raises:
        ConfigError: as each of them, and when two of them use one name.
    """
    return Together([catalogue.resolve(member)(member, spec) for member in options.of])
