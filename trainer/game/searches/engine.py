"""Many searches of latents side by side, every row by itself."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from trainer import catalogue
from trainer.game import optimizers
from trainer.game.turns import Position


class Found(NamedTuple):
    """Where searches came to: latents float32 [n, z], and their losses [n]."""

    latent: tf.Tensor
    loss: tf.Tensor


class Progress(NamedTuple):
    """Where searches stand: steps taken, latents [n, z], what the optimizer keeps, and the best."""

    number: tf.Tensor
    latent: tf.Tensor
    slots: tuple[tf.Tensor, ...]
    best: Found


class Descent:
    """Steps of many searches at once.

    Args:
        losses: latents [n, z] → a loss for each, [n]; a row's depends on that row alone.
        optimizer: whose update all rows take at once; it must treat every number by itself.
        within: moves latents to the nearest ones that there are; applied after every step.
    """

    def __init__(
        self,
        losses: Callable[[tf.Tensor], tf.Tensor],
        optimizer: catalogue.Optimizer,
        within: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
    ) -> None:
        self.losses, self.within = losses, within
        self._update = optimizers.rule(optimizer)
        self._num_slots = optimizers.slots_per_weight(optimizer)

    def begin(self, start: tf.Tensor) -> Progress:
        """No step yet from latents float32 [n, z]."""
        slots = tuple(tf.zeros_like(start) for _ in range(self._num_slots))
        nothing = Found(start, tf.fill([tf.shape(start)[0]], float("inf")))
        return Progress(tf.zeros([], tf.int64), start, slots, nothing)

    def step(self, progress: Progress) -> Progress:
        """One step further; the latents that it leaves are judged."""
        number, latent, slots, best = progress
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(latent)
            loss = self.losses(latent)
        gradient = tape.gradient(loss, latent, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        moved = self._update(Position([latent], list(slots), number), [gradient])
        best = better(best, latent, loss)
        return Progress(number + 1, self.within(moved.weights[0]), tuple(moved.slots), best)

    def found(self, progress: Progress) -> Found:
        """The best latents of all that were met, the last ones among them."""
        return better(progress.best, progress.latent, self.losses(progress.latent))


def minimise(descent: Descent, start: tf.Tensor, steps: int) -> Found:
    """The best latent that each row meets on its way; that of no step is its start.

    Args:
        descent: how rows move.
        start: where each row begins, float32 [n, z].
        steps: of every row, whatever comes of them.
    """
    (last,) = tf.while_loop(
        lambda progress: progress.number < steps,
        lambda progress: (descent.step(progress),),
        (descent.begin(start),),
    )
    return descent.found(last)


def better(best: Found, latent: tf.Tensor, loss: tf.Tensor) -> Found:
    """Of each row the latent with the smaller loss; one that is no number is never better."""
    improves = loss < best.loss
    chosen = tf.where(improves[:, tf.newaxis], latent, best.latent)
    return Found(chosen, tf.where(improves, loss, best.loss))


def best_of(found: Found, restarts: int) -> Found:
    """The best of every `restarts` neighbouring rows: [n · restarts] → [n]."""
    losses = tf.reshape(found.loss, [-1, restarts])
    latents = tf.reshape(found.latent, [-1, restarts, found.latent.shape[-1]])
    place = tf.argmin(losses, axis=1)
    return Found(tf.gather(latents, place, batch_dims=1), tf.gather(losses, place, batch_dims=1))
