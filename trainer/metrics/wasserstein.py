"""The Wasserstein-1 distance between two sets of points, exactly: for the plane and for tables."""

from collections.abc import Callable

import numpy as np
from scipy import stats
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from trainer.metrics import checks
from trainer.metrics.estimate import Estimate

_NUM_PARTS = 10
_SMALLEST_PART = 5

Statistic = Callable[[np.ndarray, np.ndarray], "float | np.ndarray"]


def wasserstein_distance(
    real: np.ndarray, fake: np.ndarray, max_points: int = 2000, seed: int = 0
) -> Estimate:
    """Least mean Euclidean distance over which the fakes can be moved onto the real points.

    One column is compared by its quantiles, all points taking part. Of more columns, equally many
    points of either set are drawn (so which they are depends on the order), and matched optimally.
    Two sets of one distribution are some way apart too, about n^(-1/d) times the spread: compare
    equal counts, and a real set against another one. Columns in other units need scaling first.

    Args:
        real: [n, d].
        fake: [m, d].
        max_points: most of either set to match; time grows with its third power, 2000 take a
            second or two.
        seed: of the draw.

    Returns:
        The distance; its error from tenths of the points (`error_by_parts`).

    Raises:
        MetricError: for points that cannot be used.
    """
    checks.same_width(checks.features(real, "real", 1), checks.features(fake, "fake", 1))
    if real.shape[1] > 1:
        count = min(len(real), len(fake), max_points)
        random = np.random.RandomState(seed)
        real, fake = (points[random.permutation(len(points))[:count]] for points in (real, fake))
    distance = _by_quantiles if real.shape[1] == 1 else _by_matching
    error = error_by_parts(distance, real, fake, seed)
    return Estimate(distance(real, fake), None if error is None else float(error))


def error_by_parts(
    statistic: Statistic, real: np.ndarray, fake: np.ndarray, seed: int = 0
) -> np.ndarray | None:
    """Standard error of a statistic of two sets, from its spread over ten disjoint parts of both.

    The parts' mean is biased, as such distances are among few points; their spread over √10 is not
    touched by that. It is itself known to a quarter.

    Args:
        statistic: of two arrays [n, d] and [m, d], a number or an array.
        real: [n, d].
        fake: [m, d].
        seed: of the parts.

    Returns:
        The error, of the statistic's shape; None when parts would have fewer than five points.
    """
    if min(len(real), len(fake)) < _NUM_PARTS * _SMALLEST_PART:
        return None
    random = np.random.RandomState(seed)
    parts = [
        np.array_split(points[random.permutation(len(points))], _NUM_PARTS)
        for points in (real, fake)
    ]
    values = [statistic(*pair) for pair in zip(*parts, strict=True)]
    return np.std(np.array(values), axis=0, ddof=1) / np.sqrt(_NUM_PARTS)


def _by_quantiles(real: np.ndarray, fake: np.ndarray) -> float:
    return float(stats.wasserstein_distance(real[:, 0], fake[:, 0]))


def _by_matching(real: np.ndarray, fake: np.ndarray) -> float:
    """The mean cost of the optimal assignment, of equally many points (the larger set is cut)."""
    count = min(len(real), len(fake))
    costs = cdist(real[:count].astype(np.float64), fake[:count].astype(np.float64))
    return float(costs[linear_sum_assignment(costs)].mean())
