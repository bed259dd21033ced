"""The one place where losses become updates: scaled by the global batch, clipped, applied."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras
import tensorflow as tf

from trainer.game.rounds.ordinary import Losses


@dataclass(frozen=True)
class Learner:
    """A network with the optimizer that moves it.

    Attributes:
        clip_norm: largest norm of the whole gradient over all replicas; None does not clip.
    """

    network: keras.Model
    optimizer: keras.optimizers.Optimizer
    clip_norm: float | None = None


class Updater:
    """Minimises each player's losses with respect to its own weights.

    Keras' optimizers sum gradients over replicas, so the sum of the examples' losses divided by
    the number of examples in the *global* batch gives the gradient of the global mean.

    Args:
        learners: by the names that rounds use, "generator" and "discriminator".
    """

    def __init__(self, learners: Mapping[str, Learner]) -> None:
        self.learners = learners

    def minimise(self, player: str, losses: Callable[[tf.GradientTape], Losses]) -> Losses:
        """Takes one step of a player and returns its losses as they were, per example."""
        learner = self.learners[player]
        variables = learner.network.trainable_variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in variables])
            named = losses(tape)
            total = global_mean(tf.add_n(list(named.values())))
        gradients = tape.gradient(
            total,
            [variable.value for variable in variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        if learner.clip_norm is not None:
            gradients = clip_global(gradients, learner.clip_norm)
        learner.optimizer.apply(gradients, variables)
        return named


def global_mean(losses: tf.Tensor) -> tf.Tensor:
    """This replica's part of the mean over the global batch: the parts of all replicas add up."""
    examples = tf.shape(losses)[0] * tf.distribute.get_strategy().num_replicas_in_sync
    return tf.reduce_sum(losses) / tf.cast(examples, losses.dtype)


def clip_global(gradients: list[tf.Tensor], norm: float) -> list[tf.Tensor]:
    """This replica's share of the global gradient, scaled down to a norm of at most `norm`.

    Clipping each replica's own gradient would depend on how the batch was shared; so the gradient
    is summed first, clipped, and divided again for the optimizer, which will sum it.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if replicas > 1:
        context = tf.distribute.get_replica_context()
        gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
    clipped, _ = tf.clip_by_global_norm(gradients, norm)
    return [gradient / replicas for gradient in clipped]
