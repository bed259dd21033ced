"""What both players are told, in the same form to both.

A condition turns what a batch or a request carries into the vector that the networks receive, and
draws such conditions from the data's own distribution for requests that name none.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError


class Unconditional:
    """Neither player is told anything."""

    # Width of the vector that the networks receive; 0 means there is none.
    size = 0

    def __init__(self, options: catalogue.NoCondition, spec: DataSpec) -> None:
        pass

    def of_batch(self, batch: Mapping[str, tf.Tensor]) -> tf.Tensor | None:
        """The condition vectors of a training batch: none."""
        return None

    def draw(self, keys: randomness.Key) -> tf.Tensor | None:
        """Values for keys: none."""
        return None

    def encode(self, value: tf.Tensor | None) -> tf.Tensor | None:
        """The networks' vector for a value: none."""
        return None

    def describe(self) -> dict[str, Any] | None:
        """What a client must know to ask: nothing."""
        return None


class Label:
    """A class, told to both players as the same one-hot vector.

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
        self.size = spec.num_classes
        self._names = spec.label_names
        self._marginal = spec.marginal

    def of_batch(self, batch: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """One-hot vectors of a training batch, float32 [b, size]."""
        return tf.one_hot(batch["label"], self.size)

    def draw(self, keys: randomness.Key) -> tf.Tensor:
        """Labels drawn from the data's marginal, int64 [n], each from its own key."""
        # float32 sums may end below one; the last edge is left out, so no draw lies beyond it.
        edges = np.cumsum(np.asarray(self._marginal, np.float64))[:-1].astype(np.float32)
        u = randomness.uniform(keys, 1)
        return tf.reduce_sum(tf.cast(u >= edges[np.newaxis], tf.int64), axis=1)

    def encode(self, value: tf.Tensor) -> tf.Tensor:
        """One-hot vectors of labels that a request names, float32 [n, size].

        Fails with INVALID_ARGUMENT at run time when a label is out of range.
        """
        message = f"label must lie in [0, {self.size - 1}]"
        in_range = tf.reduce_all((value >= 0) & (value < self.size))
        with tf.control_dependencies([tf.debugging.Assert(in_range, [message, value])]):
            return tf.one_hot(value, self.size)

    def describe(self) -> dict[str, Any]:
        """Kind, number and names of classes, and their share in the training data."""
        return {
            "kind": "label",
            "num_classes": self.size,
            "names": list(self._names),
            "marginal": [float(share) for share in self._marginal],
        }


Condition = Unconditional | Label
