"""The class, given to both sides as the same one-hot vector."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.conditions.condition import Condition, Values
from trainer.game.players import Inputs


class OneHot(Condition):
    """One of several, given to both players as the same one-hot vector.

    Args:
        name: of the field, for batches and requests.
        field: of kind "label", with names and the marginal from which it is drawn.
    """

    def __init__(self, name: str, field: Field) -> None:
        self.name, self.field = name, field
        self.size = len(field.names)
        self.ports = {"condition": Field((self.size,), kind="one_hot")}
        self.request = {name: field}

    def of_batch(self, batch: Mapping[str, tf.Tensor]) -> Inputs:
        """One-hot vectors of a training batch, float32 [b, size]."""
        return {"condition": tf.one_hot(batch[self.name], self.size)}

    def draw(self, keys: randomness.Key) -> Values:
        """Numbers drawn from the marginal, int64 [n], each from its own key."""
        # float32 sums may end below one; the last edge is left out, so no draw lies beyond it.
        shares = np.asarray(self.field.marginal, np.float64)
        edges = np.cumsum(shares)[:-1].astype(np.float32)
        u = randomness.uniform(keys, 1)
        return {self.name: tf.reduce_sum(tf.cast(u >= edges[np.newaxis], tf.int64), axis=1)}

    def encode(self, values: Values) -> Inputs:
        """One-hot vectors of numbers that a request names, float32 [n, size].

        Fails with INVALID_ARGUMENT at run time when a number is out of range.
        """
        number = values[self.name]
        message = f"{self.name} must lie in [0, {self.size - 1}]"
        in_range = tf.reduce_all((number >= 0) & (number < self.size))
        with tf.control_dependencies([tf.debugging.Assert(in_range, [message, number])]):
            return {"condition": tf.one_hot(number, self.size)}

    def describe(self) -> dict[str, Any]:
        """Kind, number and names of classes, and their share in the training data."""
        return {
            "kind": "label",
            "num_classes": self.size,
            "names": list(self.field.names),
            "marginal": [float(share) for share in self.field.marginal],
        }


class Label(OneHot):
    """The class of an example.

    Reference: Mirza & Osindero 2014, "Conditional generative adversarial nets".

    Raises:
        ConfigError: when the data has no labels.
    """

    def __init__(self, options: catalogue.LabelCondition, spec: DataSpec) -> None:
        if not spec.num_classes:
            raise ConfigError(
                "condition.name: received 'label', but the data has no labels; give labelled data "
                "(one folder a class, or an array `labels`), or set condition.name=none."
            )
        super().__init__("label", spec.fields["label"])
