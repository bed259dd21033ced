"""A label map that lies beside the sample: which class each of its pixels is to be."""

from typing import Any

import tensorflow as tf

from trainer import catalogue
from trainer.data.examples import DataSpec
from trainer.game.conditions.condition import Values
from trainer.game.conditions.given import GivenField
from trainer.game.players import Inputs


class LabelMap(GivenField):
    """A label map, given to both players as a channel a class.

    Reference: Isola et al. 2017, "Image-to-image translation with conditional adversarial
    networks", sections 4 and 5; Park et al. 2019, "Semantic image synthesis with
    spatially-adaptive normalization".

    Raises:
        ConfigError: when the data has no such field.
    """

    def __init__(self, options: catalogue.LabelMapCondition, spec: DataSpec) -> None:
        super().__init__(options, spec)

    def encode(self, values: Values) -> Inputs:
        """One-hot vectors of the classes that a request names, float32 [n, h, w, k].

        Fails with INVALID_ARGUMENT at run time when a class is out of range.
        """
        given, last = values[self.name], len(self.field.names) - 1
        message = f"{self.name} must lie in [0, {last}]"
        in_range = tf.reduce_all(given <= last)
        with tf.control_dependencies([tf.debugging.Assert(in_range, [message, given])]):
            return super().encode({self.name: tf.identity(given)})

    def describe(self) -> dict[str, Any]:
        """Kind, name and shape of what must be given, names and colours of the classes."""
        palette = list(self.field.about.get("palette", ()))
        return {**super().describe(), "names": list(self.field.names), "palette": palette}
