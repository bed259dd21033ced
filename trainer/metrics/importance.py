"""Bounds on log p(x) from the log weights w = p(x, z) / q(z | x) of latents drawn from q.

Reference: Burda et al. 2016, "Importance weighted autoencoders".
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from trainer.errors import MetricError
from trainer.metrics.estimate import Estimate


class WeightSums(NamedTuple):
    """What is kept of the weights of each example, however many latents are drawn.

    Attributes:
        of_logs: Σ log w, float64 [n].
        log_of_sum: log Σ w, float64 [n].
    """

    of_logs: np.ndarray
    log_of_sum: np.ndarray

    @classmethod
    def none(cls, count: int) -> "WeightSums":
        """Of no latents yet, for `count` examples."""
        return cls(np.zeros(count), np.full(count, -np.inf))

    @classmethod
    def joined(cls, parts: Sequence["WeightSums"]) -> "WeightSums":
        """Those of several blocks of examples, one after the other."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def plus(self, log_weights: np.ndarray) -> "WeightSums":
        """With one more latent for each example."""
        values = np.asarray(log_weights, np.float64)
        with np.errstate(invalid="ignore"):  # `estimates` refuses what is no number.
            return WeightSums(self.of_logs + values, np.logaddexp(self.log_of_sum, values))


def estimates(sums: WeightSums, samples: int) -> tuple[Estimate, Estimate]:
    """The evidence lower bound E log w, and the higher bound log (Σ w / k), means over examples.

    Errors are those of the examples.

    Args:
        sums: over the latents of each example.
        samples: k, how many there were.

    Raises:
        MetricError: when there are no examples, or one has no finite weight.
    """
    bounds = (sums.of_logs / samples, sums.log_of_sum - np.log(samples))
    if not len(bounds[0]) or not np.isfinite(bounds).all():
        raise MetricError("the likelihoods are not all finite; the model has not learned yet.")
    elbo, likelihood = (
        Estimate(float(bound.mean()), float(bound.std() / np.sqrt(len(bound)))) for bound in bounds
    )
    return elbo, likelihood
