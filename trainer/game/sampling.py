"""Samples as pure functions of seeds: what grids show, evaluations judge and exports serve."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import keras
import tensorflow as tf

from trainer import randomness
from trainer.data import modalities
from trainer.data.examples import DataSpec
from trainer.game import averaging
from trainer.game.conditions.label import Condition
from trainer.game.priors import Prior

# How statistics are re-estimated: so many batches of so many latents, the same ones for ever.
_STATISTICS_BATCHES = 16
_STATISTICS_ROWS = 64


class Sampler(tf.Module):
    """seed → latent → sample, each row by itself.

    A sample depends on the generator's weights, its seed and its condition, and on nothing else.

    Args:
        generator: the averaged generator, float32.
    """

    def __init__(
        self, generator: keras.Model, *, prior: Prior, condition: Condition, spec: DataSpec
    ) -> None:
        super().__init__(name="sampler")
        self.generator = generator
        self.prior = prior
        self.condition = condition
        self.spec = spec

    def latents(self, seed: tf.Tensor) -> tf.Tensor:
        """Seed int64 [n] → latent float32 [n, z]. The mapping is a contract for ever."""
        return self.prior.sample(randomness.key_of(seed, "latent"))

    def labels(self, seed: tf.Tensor) -> tf.Tensor | None:
        """Seed int64 [n] → label int64 [n] from the data's marginal; None without a condition."""
        return self.condition.draw(randomness.key_of(seed, "label"))

    def decode(self, latent: tf.Tensor, value: tf.Tensor | None = None) -> tf.Tensor:
        """Latent [n, z] (and its condition's value [n]) → samples [n, *shape] in stored units."""
        x = self.generator(self._inputs(latent, value), training=False)
        return modalities.stored(x, self.spec.sample)

    def decode_unrounded(self, latent: tf.Tensor, value: tf.Tensor | None = None) -> tf.Tensor:
        """As `decode`, but float32 in the same units: integers are neither rounded nor clipped."""
        x = self.generator(self._inputs(latent, value), training=False)
        return modalities.stored(x, replace(self.spec.sample, dtype="float32"))

    def generate(self, seed: tf.Tensor, value: tf.Tensor | None = None) -> tf.Tensor:
        """Seed int64 [n] (and its condition's value [n]) → samples [n, *shape] in stored units."""
        return self.decode(self.latents(seed), value)

    def refresh_statistics(self) -> None:
        """Re-estimates the generator's batch-norm statistics from fixed latents."""
        averaging.reestimate_statistics(self.generator, self._statistics_inputs())

    def _inputs(self, latent: tf.Tensor, value: tf.Tensor | None) -> Mapping[str, tf.Tensor]:
        condition = self.condition.encode(value)
        return {"latent": latent} | ({} if condition is None else {"condition": condition})

    def _statistics_inputs(self) -> Iterator[Mapping[str, tf.Tensor]]:
        for batch in range(_STATISTICS_BATCHES):
            first = batch * _STATISTICS_ROWS
            seed = tf.range(first, first + _STATISTICS_ROWS, dtype=tf.int64)
            keys = randomness.key_of(seed, "statistics latent")
            value = self.condition.draw(randomness.key_of(seed, "statistics label"))
            yield self._inputs(self.prior.sample(keys), value)
