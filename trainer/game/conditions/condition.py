"""What both sides are conditioned on, in the same form to both.

A condition turns what a batch or a request carries into the inputs that the networks receive, and
draws such values from the data's own distribution for requests that name none.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer import randomness
from trainer.fields import Field
from trainer.game.players import Inputs, Network
from trainer.game.roles import Role

# What a caller names: a value for each field of `Condition.request`, as it is stored.
Values = Mapping[str, tf.Tensor]


def places(keys: randomness.Key, count: int) -> tf.Tensor:
    """Which of `count` rows that a specification keeps each key draws, int32 [n]."""
    place = tf.cast(randomness.uniform(keys, 1)[:, 0] * count, tf.int32)
    # float32 may round the product up to the count itself.
    return tf.minimum(place, count - 1)


def classes_at_places(keys: randomness.Key, labels: np.ndarray) -> Values:
    """The classes of the rows that each key draws, int64 [n]; nothing where none are kept."""
    return {"label": tf.gather(labels, places(keys, len(labels)))} if len(labels) else {}


class Condition:
    """No condition; the base of every other condition.

    Attributes:
        ports: what the networks receive, by name, as they see it.
        request: what a caller gives, by name, as it is stored.
        roles: networks of its own, such as one that reads texts; a round has them among its roles.
        drawn_by: the field of a table whose rows training draws by their categories
            (`trainer.data.draws`); None where they come in an order.
        is_shown: whether `generate` also answers labels and texts that it drew.
    """

    ports: Mapping[str, Field] = {}
    request: Mapping[str, Field] = {}
    roles: Mapping[str, Role] = {}
    drawn_by: Field | None = None
    is_shown: bool = True

    def of_batch(self, batch: Mapping[str, tf.Tensor]) -> Inputs:
        """The networks' inputs for a batch of one turn (as the players see it)."""
        return {}

    def draw(self, keys: randomness.Key) -> Values | None:
        """Values drawn from the data's own distribution, each row from its own key.

        None where they cannot be drawn: then they must be given.
        """
        return {}

    def drawn_beside(self, keys: randomness.Key) -> Values:
        """What else the examples have from which `draw` takes its values, by the same keys.

        A condition beside this one takes that instead of a draw of its own.
        """
        return {}

    def encode(self, values: Values) -> Inputs:
        """The networks' inputs for values that a request names.

        Fails with INVALID_ARGUMENT at run time when a value is out of range.
        """
        return {}

    def embedded(self, inputs: Inputs, networks: Mapping[str, Network]) -> Inputs:
        """What networks of its own make of inputs that `of_batch` or `encode` gave."""
        return {}

    def of_examples(self, examples: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """What a caller would give for examples, as stored: a value for each field of `request`."""
        return {name: examples[name] for name in self.request}

    def describe(self) -> dict[str, Any] | None:
        """What a client must know to ask; None where there is nothing to ask."""
        return None

    @property
    def can_be_drawn(self) -> bool:
        """Whether requests may leave it out."""
        return True
