"""What an evaluation asks of a generator, whether it lives in a run or in an export."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from serving.exported import INTERNAL_BATCH, ExportedModel
from trainer.errors import MetricError
from trainer.evaluation.samples import SampleSet
from trainer.game.sampling import Sampler


class Generator(Protocol):
    """seed → latent → sample, in numpy arrays of any number of rows.

    Attributes:
        prior: name of the distribution of latents.
        layout: the parts of a latent in order.
    """

    prior: str
    layout: list[dict[str, Any]]

    def labels(self, seeds: np.ndarray) -> np.ndarray | None:
        """Seeds int64 [n] → labels int64 [n] from the data's marginal; None without a condition."""

    def latents(self, seeds: np.ndarray) -> np.ndarray:
        """Seeds int64 [n] → latents float32 [n, z]."""

    def decode(self, latents: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Latents [n, z] (and labels [n]) → samples [n, *shape], as stored."""

    def decode_unrounded(self, latents: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """As `decode`, but float32 in the same units: integers are not rounded.

        Raises:
            MetricError: where only rounded samples can be had.
        """


def samples_of(generator: Generator, count: int, first_seed: int) -> SampleSet:
    """Sample i is the generator's for seed `first_seed + i`, as in serving and `gan generate`."""
    seeds = first_seed + np.arange(count, dtype=np.int64)
    labels = generator.labels(seeds)

    def make(positions: np.ndarray) -> np.ndarray:
        chosen = None if labels is None else labels[positions]
        return generator.decode(generator.latents(seeds[positions]), chosen)

    return SampleSet(count, make, labels)


class RunGenerator:
    """The averaged generator of a game, in its present state."""

    def __init__(self, sampler: Sampler) -> None:
        self.prior, self.layout = sampler.prior.name, sampler.prior.layout
        self._conditional = bool(sampler.condition.size)
        self._labels = tf.function(sampler.labels)
        self._latents = tf.function(sampler.latents)
        self._decode = tf.function(sampler.decode)
        self._decode_unrounded = tf.function(sampler.decode_unrounded)

    def labels(self, seeds: np.ndarray) -> np.ndarray | None:
        """See `Generator`."""
        return _in_batches(self._labels, seeds) if self._conditional else None

    def latents(self, seeds: np.ndarray) -> np.ndarray:
        """See `Generator`."""
        return _in_batches(self._latents, seeds)

    def decode(self, latents: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """See `Generator`."""
        condition = () if labels is None else (labels,)
        return _in_batches(self._decode, latents, *condition)

    def decode_unrounded(self, latents: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """See `Generator`."""
        condition = () if labels is None else (labels,)
        return _in_batches(self._decode_unrounded, latents, *condition)


class ExportGenerator:
    """The generator of an export, through its signatures."""

    def __init__(self, model: ExportedModel) -> None:
        self._model = model
        latent = model.description.document["latent"]
        self.prior, self.layout = latent["prior"], latent["layout"]
        self._output = model.description.sample_output

    def labels(self, seeds: np.ndarray) -> np.ndarray | None:
        """See `Generator`."""
        if self._model.description.num_classes is None:
            return None
        return self._model.run("generate", {"seed": seeds})["label"]

    def latents(self, seeds: np.ndarray) -> np.ndarray:
        """See `Generator`."""
        return self._model.run("latents", {"seed": seeds})["latent"]

    def decode(self, latents: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """See `Generator`."""
        condition = {} if labels is None else {"label": labels}
        return self._model.run("decode", {"latent": latents} | condition)[self._output]

    def decode_unrounded(self, latents: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """See `Generator`."""
        if self._output == "image":
            raise MetricError(
                "an export gives whole grey levels, in which a small step is rounding alone; "
                "give the run."
            )
        return self.decode(latents, labels)


def _in_batches(function: Callable[..., tf.Tensor], *inputs: np.ndarray) -> np.ndarray:
    """Runs whole batches of the size that serving uses, the last one padded: the same bits."""
    parts = []
    for start in range(0, len(inputs[0]), INTERNAL_BATCH):
        rows = np.arange(start, start + INTERNAL_BATCH)
        batch = [tf.constant(array.take(rows, 0, mode="clip")) for array in inputs]
        parts.append(function(*batch).numpy())
    return np.concatenate(parts)[: len(inputs[0])]
