"""Named attributes of the example, given to both sides as one vector."""

from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data import modalities
from trainer.data.examples import DataSpec
from trainer.game.conditions.condition import Values, classes_at_places, places
from trainer.game.conditions.given import GivenField
from trainer.game.players import Inputs


class Attributes(GivenField):
    """Attributes y, 0 and 1 or of a range, as the same vector of [-1, 1] for both players.

    A request that names none has those of a training example, by its seed: attributes hang
    together, so none is drawn by itself.

    Reference: Mirza & Osindero 2014, "Conditional generative adversarial nets"; Perarnau et al.
    2016, "Invertible conditional GANs for image editing", for attributes of faces.

    Raises:
        ConfigError: when the data has no such field, or it holds something else.
    """

    def __init__(self, options: catalogue.AttributesCondition, spec: DataSpec) -> None:
        super().__init__(options, spec)
        about = dict(self.field.about)
        self.rows = np.asarray(about.pop("rows", ()), np.float32)
        self.labels = np.asarray(about.pop("labels", ()), np.int64)
        self.request = {self.name: replace(self.field, about=about)}

    def draw(self, keys: randomness.Key) -> Values | None:
        """Attributes of training examples, float32 [n, k], each from its own key."""
        if not self.can_be_drawn:
            return None
        return {self.name: tf.gather(self.rows, places(keys, len(self.rows)))}

    def drawn_beside(self, keys: randomness.Key) -> Values:
        """The classes of the same training examples, int64 [n]: attributes hang on them, too."""
        return classes_at_places(keys, self.labels)

    def encode(self, values: Values) -> Inputs:
        """The attributes of a request with their ranges on [-1, 1], float32 [n, k].

        Fails with INVALID_ARGUMENT at run time when one is not finite.
        """
        given = values[self.name]
        finite = tf.reduce_all(tf.math.is_finite(given))
        with tf.control_dependencies(
            [tf.debugging.Assert(finite, [f"{self.name} must be finite", given])]
        ):
            return {self.name: modalities.seen(given, self.field)}

    def describe(self) -> dict[str, Any]:
        """Kind, names, ranges and means of what is asked for."""
        names = list(self.field.names)
        return {"kind": "attributes", "field": self.name, "names": names} | dict(
            self.request[self.name].about
        )

    @property
    def can_be_drawn(self) -> bool:
        """Whether there are training examples to draw from."""
        return len(self.rows) > 0
