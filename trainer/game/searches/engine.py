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


def minimise(
    losses: Callable[[tf.Tensor], tf.Tensor],
    start: tf.Tensor,
    *,
    optimizer: catalogue.Optimizer,
    steps: int,
    within: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
) -> Found:
    """The best latent that each row meets on its way; that of no step is its start.

    Args:
        losses: latents [n, z] → a loss for each, [n]; a row's depends on that row alone.
        start: where each row begins, float32 [n, z].
        optimizer: whose update all rows take at once; it must treat every number by itself.
        steps: of every row, whatever comes of them.
        within: moves latents to the nearest ones that there are; applied after every step.
    """
    update = optimizers.rule(optimizer)
    num_slots = optimizers.slots_per_weight(optimizer)

    def step(
        number: tf.Tensor, latent: tf.Tensor, slots: tuple[tf.Tensor, ...], best: Found
    ) -> tuple[tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...], Found]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(latent)
            loss = losses(latent)
        gradient = tape.gradient(loss, latent, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        moved = update(Position([latent], list(slots), number), [gradient])
        return number + 1, within(moved.weights[0]), tuple(moved.slots), better(best, latent, loss)

    zeros = tuple(tf.zeros_like(start) for _ in range(num_slots))
    nothing = Found(start, tf.fill([tf.shape(start)[0]], float("inf")))
    _, latent, _, best = tf.while_loop(
        lambda number, *_: number < steps, step, (tf.zeros([], tf.int64), start, zeros, nothing)
    )
    return better(best, latent, losses(latent))


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
