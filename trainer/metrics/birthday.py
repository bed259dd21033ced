"""How many different samples a generator has, from how many pairs of them coincide.

Reference: Arora & Zhang 2017, "Do GANs actually learn the distribution? An empirical study". They
look at the closest pairs by eye; here a threshold takes the eye's place.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from sklearn.metrics import pairwise_distances_chunked

from trainer.errors import MetricError
from trainer.metrics import checks
from trainer.metrics.estimate import Estimate
from trainer.metrics.neighbours import nearest

# Of the data's spread: nearer than this is the same to any arithmetic.
_RESOLUTION = 1e-6


class Support(NamedTuple):
    """What the coincidences among n samples say.

    Attributes:
        size: n(n - 1) / (2 · collisions). Where samples are not equally frequent this is
            1 / Σ p², which is less than their number.
        collisions: pairs no farther apart than the threshold.
        is_lower_bound: there was no collision; `size` is then the support at which that is as
            likely as not, n(n - 1) / (2 ln 2), and has no error.
    """

    size: Estimate
    collisions: int
    is_lower_bound: bool


class Birthday(NamedTuple):
    """The test, and the same test on real samples.

    Attributes:
        fake: support of the generator.
        real: support that the real samples seem to have at this threshold, (m - 1) divided by
            one or two quantiles: the ceiling, above which the test cannot see.
        threshold: the distance up to which two samples are the same.
    """

    fake: Support
    real: Support
    threshold: float


def birthday_test(real: np.ndarray, fake: np.ndarray, quantile: float = 0.01) -> Birthday:
    """The birthday paradox test with its threshold taken from the real samples.

    Args:
        real: [m, d] features, preferably as many as there are fakes.
        fake: [n, d].
        quantile: of `threshold`.

    Raises:
        MetricError: for features that cannot be used, or real samples that are all equal.
    """
    checks.same_width(checks.features(real, "real"), checks.features(fake, "fake"))
    limit = threshold(real, quantile)
    centre = real.mean(axis=0, dtype=np.float64)
    fakes, reals = close_pairs(fake - centre, limit), close_pairs(real - centre, limit)
    return Birthday(support(len(fake), fakes), support(len(real), reals), limit)


def threshold(real: np.ndarray, quantile: float = 0.01) -> float:
    """The distance within which the `quantile` of real samples have another real sample.

    Real samples are taken to be all different: how much oftener fakes coincide is the generator's
    doing. A smaller quantile raises the ceiling and rests on fewer pairs. A millionth of the data's
    spread is added, so that rounding decides nothing, nor exact duplicates in real data.

    Raises:
        MetricError: when all real samples are equal.
    """
    if (real == real[0]).all():
        raise MetricError("all real samples are equal, so no distance is small; give others.")
    spread = float(np.sqrt(np.var(real, axis=0, dtype=np.float64).sum()))
    distances = nearest(real, real, exclude_self=True).distances
    return float(np.quantile(distances, quantile, method="inverted_cdf")) + _RESOLUTION * spread


def close_pairs(points: np.ndarray, limit: float) -> int:
    """How many of the n(n - 1) / 2 pairs are at most `limit` apart; in blocks.

    Args:
        points: [n, d], centred: distances are exact to some 1e-8 of their norms.
        limit: the largest distance that counts.
    """
    counts: Iterator[np.ndarray] = pairwise_distances_chunked(
        points.astype(np.float64, copy=False),
        reduce_func=lambda distances, _: (distances <= limit).sum(axis=1),
        working_memory=64,
    )
    # Each pair is seen from both ends, and each point sees itself.
    return (int(sum(count.sum() for count in counts)) - len(points)) // 2


def support(num_samples: int, collisions: int) -> Support:
    """The estimate from a count, with its Poisson error (pairs taken to be independent)."""
    pairs = num_samples * (num_samples - 1) / 2
    if not collisions:
        return Support(Estimate(float(pairs / np.log(2.0))), collisions, is_lower_bound=True)
    size = pairs / collisions
    return Support(
        Estimate(size, float(size / np.sqrt(collisions))), collisions, is_lower_bound=False
    )
