"""A search from beginning to end: where it starts, what it minimises, what it finds."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import tensorflow as tf

from trainer import catalogue, randomness
from trainer.game.searches import engine
from trainer.game.searches.subject import Conditioning, Subject

# What the rows of a request are about, [n, …] each, by names of the search's own.
Rows = Mapping[str, tf.Tensor]
# Samples as the players see them, and what the rows are about → a loss for each, float32 [n].
Data = Callable[[tf.Tensor, Rows], tf.Tensor]


class Best(NamedTuple):
    """What was found: latents [n, z], their samples as the players see them, losses [n]."""

    latent: tf.Tensor
    sample: tf.Tensor
    loss: tf.Tensor


class Search:
    """min_z data(G(z)) + λ · (the generator's loss on G(z)) + μ · ½‖z‖², for each row by itself.

    Every row and every restart goes its own way through one loop of a fixed number of steps, so
    what comes of a row depends on the model, its seed and its inputs alone.

    Args:
        options: weights, steps and starts.
        subject: the generator with its judge.
        data: what is asked of samples.

    Reference: Zhu et al. 2016, "Generative visual manipulation on the natural image manifold"; Yeh
    et al. 2017, "Semantic image inpainting with deep generative models".
    """

    def __init__(self, options: catalogue.Search, subject: Subject, data: Data) -> None:
        self.options, self.subject, self.data = options, subject, data

    def __call__(
        self,
        seed: tf.Tensor,
        conditioning: Conditioning,
        rows: Rows,
        given: tf.Tensor | None = None,
    ) -> Best:
        """Searches for every row.

        Args:
            seed: int64 [n].
            conditioning: the condition's values.
            rows: what `data` is to resemble.
            given: samples for an encoder to begin at, as the players see them; None where none
                does.
        """
        start = self.start(seed, conditioning, rows, given)
        found = engine.minimise(self.descent(start, conditioning, rows), start, self.options.steps)
        latent, loss = engine.best_of(found, self.options.restarts)
        return Best(latent, self.subject.made(latent, conditioning), loss)

    def descent(self, start: tf.Tensor, conditioning: Conditioning, rows: Rows) -> engine.Descent:
        """How latents move from where they begin, [n · restarts, z], the restarts side by side."""
        restarts = self.options.restarts
        conditioning_all, rows_all = _repeated(conditioning, restarts), _repeated(rows, restarts)
        return engine.Descent(
            lambda latent: self.losses(latent, conditioning_all, rows_all),
            self.options.optimizer,
            partial(self.subject.within, start),
        )

    def losses(self, latent: tf.Tensor, conditioning: Conditioning, rows: Rows) -> tf.Tensor:
        """What is minimised, of latents [n, z], float32 [n]."""
        return self.losses_of(latent, self.subject.made(latent, conditioning), conditioning, rows)

    def losses_of(
        self, latent: tf.Tensor, made: tf.Tensor, conditioning: Conditioning, rows: Rows
    ) -> tf.Tensor:
        """The same, of latents whose samples are at hand."""
        options, total = self.options, self.data(made, rows)
        if options.judge:
            loss = self.subject.implausibility(made, conditioning)
            total += 0.0 if loss is None else options.judge * loss
        if options.latent:
            total += options.latent * 0.5 * tf.reduce_sum(tf.square(latent), axis=1)
        return total

    # ---- Where a search begins ----

    def start(
        self, seed: tf.Tensor, conditioning: Conditioning, rows: Rows, given: tf.Tensor | None
    ) -> tf.Tensor:
        """Latents [n · restarts, z], the restarts of a row side by side; see `__call__`."""
        kind, restarts = self.options.start, self.options.restarts
        if kind == "nearest":
            starts = self._nearest(seed, conditioning, rows)
        else:
            encoder = kind == "encoder"
            first = (
                self.subject.encoded(given, conditioning) if encoder else self.subject.drawn(seed)
            )
            starts = tf.stack([first, *self._drawn(seed, restarts - 1)], axis=1)
        return tf.reshape(starts, [-1, self.subject.prior.size])

    def _drawn(self, seed: tf.Tensor, count: int) -> list[tf.Tensor]:
        keys = randomness.key_of(seed, "restart")
        folded = (randomness.fold(keys, tf.constant(i, tf.int64)) for i in range(count))
        return [self.subject.prior.sample(keys) for keys in folded]

    def _nearest(self, seed: tf.Tensor, conditioning: Conditioning, rows: Rows) -> tf.Tensor:
        """The latents of a fixed pool whose samples have the least data loss, [n, restarts, z].

        A row's seed says which half of the pool it sees: other seeds, other answers.
        """
        size, restarts = self.options.pool, self.options.restarts
        keys = randomness.key_of(tf.zeros([], tf.int64), "pool")
        pool = self.subject.prior.sample(randomness.fold(keys, tf.range(size, dtype=tf.int64)))
        # Under a condition the pool looks different to every row.
        shared = None if conditioning else self.subject.made(pool, {})

        def of_row(row: tuple[tf.Tensor, Conditioning, Rows]) -> tf.Tensor:
            seed, conditioning, about = row
            made = (
                shared
                if not conditioning
                else self.subject.made(pool, _for_all(conditioning, size))
            )
            losses = self.data(made, {name: values[tf.newaxis] for name, values in about.items()})
            half = randomness.uniform(randomness.key_of(seed[tf.newaxis], "pool"), size)[0] < 0.5
            _, best = tf.math.top_k(-tf.where(half, losses, float("inf")), restarts)
            return tf.gather(pool, best)

        form = tf.TensorSpec([restarts, self.subject.prior.size])
        return tf.map_fn(
            of_row,
            (seed, dict(conditioning), dict(rows)),
            fn_output_signature=form,
            parallel_iterations=1,
        )


def _repeated(rows: Rows, times: int) -> dict[str, tf.Tensor]:
    """Every row several times, side by side."""
    return {name: tf.repeat(values, times, axis=0) for name, values in rows.items()}


def _for_all(row: Rows, count: int) -> dict[str, tf.Tensor]:
    """One row for `count` of them."""
    return {name: tf.repeat(values[tf.newaxis], count, axis=0) for name, values in row.items()}
