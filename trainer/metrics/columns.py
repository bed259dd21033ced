"""Whether the columns of a table are right one by one and in pairs.

It finds what a distance over all columns hides, and does not see what three columns do together.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import ks_2samp

from trainer.errors import MetricError
from trainer.metrics import checks
from trainer.metrics.estimate import Estimate
from trainer.metrics.wasserstein import error_by_parts


class Columns(NamedTuple):
    """How columns differ. Errors are over samples, from tenths of them.

    Attributes:
        mean_difference: float64 [d], fake minus real, in standard deviations of the real column.
        std_difference: float64 [d], fake minus real, in the same unit; -1 is a constant column.
        kolmogorov_smirnov: float64 [d], largest difference of the distribution functions.
        worst_mean: the largest absolute `mean_difference`.
        worst_std: the largest absolute `std_difference`.
        worst_kolmogorov_smirnov: the largest.
        mean_kolmogorov_smirnov: mean over the columns.
        worst_correlation: largest absolute difference of a correlation between two columns; a
            constant fake column correlates with none. Zero for a single column.
    """

    mean_difference: np.ndarray
    std_difference: np.ndarray
    kolmogorov_smirnov: np.ndarray
    worst_mean: Estimate
    worst_std: Estimate
    worst_kolmogorov_smirnov: Estimate
    mean_kolmogorov_smirnov: Estimate
    worst_correlation: Estimate


def compare_columns(real: np.ndarray, fake: np.ndarray, seed: int = 0) -> Columns:
    """Compares two tables column by column.

    All numbers but the first two are never negative: compare with a real table against another.

    Args:
        real: [n, d].
        fake: [m, d].
        seed: of the parts that the errors come from; the numbers do not depend on it.

    Raises:
        MetricError: for tables that cannot be used, or a real column that never varies (`varying`
            says which do).
    """
    checks.same_width(checks.features(real, "real"), checks.features(fake, "fake"))
    constant = np.flatnonzero(~varying(real))
    if len(constant):
        raise MetricError(
            f"{len(constant)} real columns never vary, the first is number {constant[0]}, so a "
            "difference has no unit there; leave them out."
        )
    # A part of the table may have a column constant that is not: the unit is the table's.
    unit = real.std(axis=0, dtype=np.float64)
    by_column = _by_column(real, fake, unit)
    values = _summary(real, fake, by_column)
    errors = error_by_parts(lambda r, f: _summary(r, f, _by_column(r, f, unit)), real, fake, seed)
    known = [None] * len(values) if errors is None else errors.tolist()
    estimates = [Estimate(float(v), e) for v, e in zip(values, known, strict=True)]
    return Columns(*by_column, *estimates)


def varying(table: np.ndarray) -> np.ndarray:
    """Which columns have more than one value, bool [d]."""
    return (table != table[0]).any(axis=0)


def _by_column(
    real: np.ndarray, fake: np.ndarray, unit: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first three of `Columns`."""
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    means = (fake.mean(axis=0) - real.mean(axis=0)) / unit
    stds = (fake.std(axis=0) - real.std(axis=0)) / unit
    pairs = zip(real.T, fake.T, strict=True)
    # The method concerns the p-value alone, and the exact one takes long.
    return means, stds, np.array([ks_2samp(r, f, method="asymp").statistic for r, f in pairs])


def _summary(
    real: np.ndarray, fake: np.ndarray, by_column: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> np.ndarray:
    """The five summaries in the order of `Columns`."""
    means, stds, gaps = by_column
    correlation = np.abs(_correlations(real) - _correlations(fake)).max()
    return np.array([np.abs(means).max(), np.abs(stds).max(), gaps.max(), gaps.mean(), correlation])


def _correlations(table: np.ndarray) -> np.ndarray:
    """Correlations [d, d], 0 with a column that never varies."""
    centred = table - table.mean(axis=0, dtype=np.float64)
    centred[:, ~varying(table)] = 0.0
    norms = np.linalg.norm(centred, axis=0)
    scaled = centred / np.where(norms == 0.0, 1.0, norms)
    return scaled.T @ scaled
