"""What a row was made for must stand in it."""

import tensorflow as tf

from trainer import catalogue
from trainer.data.columns import columns_of
from trainer.data.draws import conditional
from trainer.data.modalities.table import Part, parts_of
from trainer.errors import ConfigError
from trainer.game.adversarial_loss import GameTurn, Term
from trainer.game.parts import Parts

# Below it the logarithm of a share is cut: float32 holds no smaller ones.
_LEAST = 1e-30


class GivenCategory(Term):
    """-log d̂[k]: the cross-entropy between the category k that a row was asked for and the row.

    d̂ is the column of k as the generator made it, a vector that sums to one. (The authors' code
    takes it before the Gumbel-softmax.)

    Reference: Xu et al. 2019, "Modeling tabular data using conditional GAN", section 4.3.

    Raises:
        ConfigError: when samples are no rows of a table.
    """

    def __init__(self, options: catalogue.GivenCategory, parts: Parts) -> None:
        sample = parts.spec.field("sample")
        if sample.kind != "table":
            raise ConfigError(
                f"terms: received 'given_category', but samples are of kind {sample.kind}; leave "
                "it out."
            )
        self.options = options
        own = conditional(sample)
        self._parts: list[Part] = [p for p in parts_of(columns_of(sample)) if p.column in own]

    def generator(self, turn: GameTurn) -> tf.Tensor:
        """The cross-entropy of each row, float32 [b]."""
        made = turn.fake.sample["sample"]
        shares = tf.concat([part.of(made) for part in self._parts], axis=-1)
        asked = tf.one_hot(turn.batch["label"], shares.shape[-1])
        share = tf.reduce_sum(asked * shares, axis=-1)
        return -self.options.weight * tf.math.log(tf.maximum(share, _LEAST))
