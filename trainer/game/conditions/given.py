"""A field of the example as it is: a picture to be translated, a vector of attributes."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data import modalities
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.game.conditions.condition import Condition, Values
from trainer.game.players import Inputs


class GivenField(Condition):
    """What lies beside the sample under another name is what both sides are told.

    It cannot be drawn, so a request must name it.

    Reference: Isola et al. 2017, "Image-to-image translation with conditional adversarial
    networks" (pictures); Mirza & Osindero 2014 (vectors).

    Raises:
        ConfigError: when the data has no such field.
    """

    def __init__(
        self, options: catalogue.ImageCondition | catalogue.AttributesCondition, spec: DataSpec
    ) -> None:
        self.name = options.field
        if self.name not in spec.fields:
            raise ConfigError(
                f"condition.field: received {self.name!r}, but the data's fields are "
                f"{', '.join(spec.fields)}; name one of them."
            )
        self.field = spec.fields[self.name]
        if self.field.kind != options.kind:
            raise ConfigError(
                f"condition.field: received {self.name!r}, which is of kind {self.field.kind}; "
                f"name one of kind {options.kind}, or take another condition."
            )
        self.ports = {self.name: modalities.seen_field(self.field)}
        self.request = {self.name: self.field}

    def of_batch(self, batch: Mapping[str, tf.Tensor]) -> Inputs:
        """The field of a training batch."""
        return {self.name: batch[self.name]}

    def draw(self, keys: randomness.Key) -> Values | None:
        """None: a request must name it."""
        return None

    def encode(self, values: Values) -> Inputs:
        """The field of a request as the networks see it."""
        return {self.name: modalities.seen(values[self.name], self.field)}

    def describe(self) -> dict[str, Any]:
        """Kind, name and shape of what must be given."""
        return {"kind": self.field.kind, "field": self.name, "shape": list(self.field.shape)}

    @property
    def can_be_drawn(self) -> bool:
        """A request must name it."""
        return False
