"""A field of the example as it is: a picture or a clip to be translated, a vector."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data import modalities
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.conditions.condition import Condition, Values
from trainer.game.players import Inputs


class Given(Condition):
    """A field of the example as it is; it cannot be drawn, so a request must name it.

    Args:
        name: of the field, for networks and requests.
        field: as it is stored.
    """

    def __init__(self, name: str, field: Field) -> None:
        self.name, self.field = name, field
        self.ports = {name: modalities.seen_field(field)}
        self.request = {name: field}

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


class GivenField(Given):
    """What lies beside the sample under another name is what both sides are conditioned on.

    Reference: Isola et al. 2017, "Image-to-image translation with conditional adversarial
    networks".

    Raises:
        ConfigError: when the data has no such field.
    """

    def __init__(
        self,
        options: catalogue.ImageCondition
        | catalogue.LabelMapCondition
        | catalogue.ClipCondition
        | catalogue.AttributesCondition,
        spec: DataSpec,
    ) -> None:
        if options.field not in spec.fields:
            raise ConfigError(
                f"condition.field: received {options.field!r}, but the data's fields are "
                f"{', '.join(spec.fields)}; name one of them."
            )
        field = spec.fields[options.field]
        if field.kind != options.kind:
            raise ConfigError(
                f"condition.field: received {options.field!r}, which is of kind {field.kind}; "
                f"name one of kind {options.kind}, or take another condition."
            )
        super().__init__(options.field, field)
