"""Kernel distances: the unbiased squared maximum mean discrepancy, KID among them.

MMD²(P, Q) = E k(x, x') + E k(y, y') − 2 E k(x, y) is estimated without bias from all pairs of
different samples (Gretton et al. 2012, lemma 6), so it can be negative where P = Q.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from trainer.errors import MetricError
from trainer.metrics import blocks, checks
from trainer.metrics.estimate import Estimate

# From blocks of features [n, d] and [m, d] to float64 [n, m].
Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]


def polynomial(centre: np.ndarray) -> Kernel:
    """(x·y/d + 1)³, which compares all moments up to the third (Bińkowski et al. 2018).

    With x = c + x̃ the product is c·c + c·x̃ + c·ỹ + x̃·ỹ. Only the last, of n² pairs, is multiplied
    in the features' own precision; the rest and everything after is in float64. That is twice as
    fast for float32 features as float64 throughout, and because x̃ is small it moves the distance by
    a millionth of its standard error at most.

    Args:
        centre: [d], such as the real features' mean; any will do.
    """
    width = len(centre)
    constant = 0.5 + 0.5 * (centre @ centre) / width

    def parts(block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        around = block - centre
        precision = np.result_type(block.dtype, np.float32)
        return around.astype(precision), constant + around @ (centre / width)

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        (x, along_x), (y, along_y) = parts(x), parts(y)
        base = (x @ y.T).astype(np.float64, copy=False)
        base *= 1.0 / width
        base += along_x[:, None]
        base += along_y
        cube = base * base
        cube *= base
        return cube

    return kernel


def gaussian(bandwidth: float) -> Kernel:
    """exp(−‖x − y‖²/2σ²), which tells all distributions apart.

    Raises:
        MetricError: for a bandwidth that is not positive.
    """
    if not bandwidth > 0.0:
        raise MetricError(f"the bandwidth is {bandwidth}; give a positive one.")

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        exponents = blocks.squared_distances(x, y)
        exponents *= -0.5 / bandwidth**2
        return np.exp(exponents, out=exponents)

    return kernel


def median_bandwidth(features: np.ndarray, subset: int = 1000) -> float:
    """The median distance between samples, σ's usual choice (Gretton et al. 2012, section 8).

    It is taken over `subset` evenly spaced rows, so it is the same every time; keep it for a run,
    because distances with two bandwidths do not compare.

    Raises:
        MetricError: where half of the pairs coincide, so that no scale is to be seen.
    """
    checks.features(features, "real")
    chosen = features[np.linspace(0, len(features) - 1, min(subset, len(features))).astype(int)]
    distances = blocks.squared_distances(chosen, chosen)
    median = float(np.sqrt(np.median(distances[np.triu_indices(len(chosen), 1)])))
    if median <= 1e-7 * float(np.sqrt(distances.max())):
        raise MetricError(
            "half of the real samples coincide, so their median distance is no bandwidth; give one."
        )
    return median


def kernel_distance(real: np.ndarray, fake: np.ndarray) -> Estimate:
    """KID: MMD² with the cubic kernel, over all samples at once rather than over random subsets.

    The public tables often multiply it by 1000.

    Args:
        real: features [n, d].
        fake: features [m, d].

    Raises:
        MetricError: for features that are not finite, of two widths, or fewer than two samples.
    """
    _check(real, fake)
    return _estimate(real, fake, polynomial(real.mean(axis=0, dtype=np.float64)))


def maximum_mean_discrepancy(
    real: np.ndarray, fake: np.ndarray, bandwidth: float | None = None
) -> Estimate:
    """MMD² with a Gaussian kernel (Gretton et al. 2012).

    Args:
        real: features [n, d].
        fake: features [m, d].
        bandwidth: σ; None takes the median distance between real samples.

    Raises:
        MetricError: as `kernel_distance`, and where no bandwidth is to be had.
    """
    _check(real, fake)
    if bandwidth is None:
        bandwidth = median_bandwidth(real)
    return _estimate(real, fake, gaussian(bandwidth))


def _check(real: np.ndarray, fake: np.ndarray) -> None:
    checks.features(real, "real")
    checks.features(fake, "fake")
    checks.same_width(real, fake)


class _Sums(NamedTuple):
    """Sums of a kernel matrix: over its rows [n], over its columns [m], and of its squares."""

    rows: np.ndarray
    columns: np.ndarray
    squares: float


def _estimate(real: np.ndarray, fake: np.ndarray, kernel: Kernel) -> Estimate:
    """MMD² and its standard error.

    By Hoeffding's decomposition k − means = g(x) + g(x') + r(x, x'), the variance has a first-order
    part, 4 Var(h(x))/n + 4 Var(h(y))/m with h(x) = E k(x, x') − E k(x, y), and a second-order part,
    2 Var(r_xx)/n(n−1) + 2 Var(r_yy)/m(m−1) + 4 Var(r_xy)/nm, which is all that is left where P = Q.
    The sample variance of the rows' means of k estimates the first part plus exactly twice the
    second, so the second is subtracted once. It is a lower bound too; keeping to it makes the error
    up to a third too large where P = Q.
    """
    within_real, within_fake = (_within(side, kernel) for side in (real, fake))
    across = _across(real, fake, kernel)
    n, m = len(real), len(fake)
    real_means, fake_means = within_real.rows / (n - 1), within_fake.rows / (m - 1)
    value = real_means.mean() + fake_means.mean() - 2.0 * across.rows.mean() / m
    influence = (real_means - across.rows / m, fake_means - across.columns / n)
    rows = sum(4.0 * h.var(ddof=1) / len(h) for h in influence)
    second = (
        2.0 * _interaction_within(within_real)
        + 2.0 * _interaction_within(within_fake)
        + 4.0 * _interaction_across(across)
    )
    return Estimate(float(value), float(np.sqrt(max(rows - second, second))))


def _interaction_within(sums: _Sums) -> float:
    """Var(r(x, x')) / n(n−1)."""
    n = len(sums.rows)
    means = sums.rows / (n - 1)
    pairs = n * (n - 1)
    return max(0.0, sums.squares / pairs - means.mean() ** 2 - 2.0 * means.var()) / pairs


def _interaction_across(sums: _Sums) -> float:
    """Var(r(x, y)) / nm."""
    n, m = len(sums.rows), len(sums.columns)
    means = sums.rows / m
    spread = means.var() + (sums.columns / n).var()
    return max(0.0, sums.squares / (n * m) - means.mean() ** 2 - spread) / (n * m)


def _within(features: np.ndarray, kernel: Kernel) -> _Sums:
    """Sums over pairs of different samples, each tile above the diagonal serving twice."""
    parts = blocks.rows(len(features))
    sums, squares = np.zeros(len(features)), 0.0
    pairs = [(a, b) for position, a in enumerate(parts) for b in parts[position:]]
    tiles = _tiles(features, features, kernel, pairs, same=True)
    for (a, b), tile in zip(pairs, tiles, strict=True):
        sums[a] += tile.rows
        squares += tile.squares
        if a != b:
            sums[b] += tile.columns
            squares += tile.squares
    return _Sums(sums, sums, squares)


def _across(real: np.ndarray, fake: np.ndarray, kernel: Kernel) -> _Sums:
    pairs = [(a, b) for a in blocks.rows(len(real)) for b in blocks.rows(len(fake))]
    rows, columns, squares = np.zeros(len(real)), np.zeros(len(fake)), 0.0
    tiles = _tiles(real, fake, kernel, pairs, same=False)
    for (a, b), tile in zip(pairs, tiles, strict=True):
        rows[a] += tile.rows
        columns[b] += tile.columns
        squares += tile.squares
    return _Sums(rows, columns, squares)


def _tiles(
    x: np.ndarray,
    y: np.ndarray,
    kernel: Kernel,
    pairs: Sequence[tuple[slice, slice]],
    same: bool,
) -> Iterable[_Sums]:
    """The sums of each tile; where both sides are the same samples, none is paired with itself."""

    def tile(pair: tuple[slice, slice]) -> _Sums:
        a, b = pair
        values = kernel(x[a], y[b])
        if same and a == b:
            np.fill_diagonal(values, 0.0)
        squares = float(np.vdot(values, values))
        return _Sums(values.sum(axis=1), values.sum(axis=0), squares)

    return blocks.in_parallel(tile, pairs)
