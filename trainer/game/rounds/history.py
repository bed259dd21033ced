"""A pool of earlier fakes, in which discriminators are reminded of what they once refused."""

import tensorflow as tf

from trainer import randomness
from trainer.game import replicas
from trainer.randomness import Noise


class History:
    """Earlier fakes, among which present ones are mixed.

    While there is room a fake is kept and shown. Then a coin decides: it is shown, or it takes the
    place of an earlier one, which is shown instead. Each place of the global batch has slots of its
    own, of which step t fills the t-th; coins and slots are drawn by the place's key. So the pool
    follows from step and seed alone, is equal on all replicas, and lies in the checkpoint.

    Reference: Shrivastava et al. 2017, "Learning from simulated and unsupervised images through
    adversarial training", section 2.3; as here: Zhu et al. 2017, section 4.

    Args:
        name: of its random streams.
        shape: of a fake.
        batch_size: of the global batch.
        size: fakes to be kept in all; every place keeps its share, one at least.
    """

    def __init__(self, name: str, shape: tuple[int, ...], batch_size: int, size: int) -> None:
        self.name = name
        self.slots = max(1, round(size / batch_size))
        self.kept = tf.Variable(
            tf.zeros([batch_size, self.slots, *shape]),
            trainable=False,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            name=f"history_{name}",
        )

    def shown(self, fake: tf.Tensor, noise: Noise) -> tf.Tensor:
        """What is shown in place of fakes [b, …]: some of them, and some earlier ones."""
        slot, replaces = self._drawn(noise)
        earlier = tf.gather_nd(self.kept, self._places(slot, noise))
        return tf.where(_spread(replaces & ~self._has_room(noise), fake), earlier, fake)

    def keep(self, fake: tf.Tensor, noise: Noise) -> None:
        """Keeps those of the fakes [b, …] for which there is room or that took a place.

        Called once a step, outside of every turn, with the fakes and the noise of `shown`.
        """
        slot, replaces = self._drawn(noise)
        places = self._places(slot, noise)
        kept = replaces | self._has_room(noise)
        values = tf.where(_spread(kept, fake), fake, tf.gather_nd(self.kept, places))
        everywhere = replicas.gathered(places), replicas.gathered(values)
        self.kept.assign(tf.tensor_scatter_nd_update(self.kept, *everywhere))

    def _drawn(self, noise: Noise) -> tuple[tf.Tensor, tf.Tensor]:
        """Of each row: the slot that is looked at, int64 [b], and whether the coin fell on it."""
        drawn = randomness.uniform(noise.keys(f"history {self.name}"), 2)
        # float32 may round the product up to the number of slots itself.
        chosen = tf.minimum(tf.cast(drawn[:, 1] * self.slots, tf.int64), self.slots - 1)
        return tf.where(self._has_room(noise), noise.step, chosen), drawn[:, 0] < 0.5

    def _has_room(self, noise: Noise) -> tf.Tensor:
        return noise.step < self.slots

    def _places(self, slot: tf.Tensor, noise: Noise) -> tf.Tensor:
        return tf.stack([noise.position, slot], axis=-1)


def _spread(rows: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """[b] → [b, 1, …] of the rank of the values."""
    return tf.reshape(rows, [-1] + [1] * (values.shape.rank - 1))
