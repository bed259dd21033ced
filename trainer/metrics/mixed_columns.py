"""Whether the columns of a table of texts and numbers are right, one by one and in pairs.

Rows are [n, C] float: of a category its number, of a number itself, NaN where it is missing.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import wasserstein_distance

from trainer.errors import MetricError
from trainer.metrics.estimate import Estimate
from trainer.metrics.wasserstein import error_by_parts


class MixedColumns(NamedTuple):
    """How columns differ; each is never negative, so compare with one real table against another.

    Attributes:
        wasserstein: mean over columns of numbers of the Wasserstein-1 distance, in standard
            deviations of the real column; None without such columns.
        jensen_shannon: mean over categories, and over what is missing, of the Jensen-Shannon
            distance on [0, 1]; None without such columns.
        association: mean over pairs of columns of the absolute difference of their associations;
            None for a single column.
        worst: number of the column that differs most from the real one.
    """

    wasserstein: Estimate | None
    jensen_shannon: Estimate | None
    association: Estimate | None
    worst: int


def compare(
    real: np.ndarray, fake: np.ndarray, is_category: np.ndarray, seed: int = 0
) -> MixedColumns:
    """Compares two tables column by column and pair by pair.

    Args:
        real: [n, C].
        fake: [m, C].
        is_category: bool [C].
        seed: of the parts that the errors come from; the numbers do not depend on it.

    Raises:
        MetricError: for tables of different widths, or less than two rows.
    """
    if real.shape[1:] != fake.shape[1:] or min(len(real), len(fake)) < 2:
        raise MetricError(
            f"tables of the shapes {real.shape} and {fake.shape} cannot be compared; give two rows "
            "or more of the same columns."
        )
    deviations = np.array([_deviation(column) for column in real.T])

    def summary(some_real: np.ndarray, some_fake: np.ndarray) -> np.ndarray:
        distances = _distances(some_real, some_fake, is_category, deviations)
        gaps = np.abs(associations(some_real, is_category) - associations(some_fake, is_category))
        means = [_mean(side) for side in (*distances, gaps[np.triu_indices(len(gaps), 1)])]
        return np.array(means)

    values, errors = summary(real, fake), error_by_parts(summary, real, fake, seed)
    by_column = np.nanmax(_distances(real, fake, is_category, deviations), axis=0)
    wasserstein, jensen, association = _estimates(values, errors)
    return MixedColumns(wasserstein, jensen, association, int(by_column.argmax()))


def _estimates(values: np.ndarray, errors: np.ndarray | None) -> list[Estimate | None]:
    known = np.full(len(values), np.nan) if errors is None else errors
    return [
        None if np.isnan(value) else Estimate(float(value), None if np.isnan(e) else float(e))
        for value, e in zip(values, known, strict=True)
    ]


def _mean(values: np.ndarray) -> float:
    """The mean of what is no NaN; NaN where nothing is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _deviation(column: np.ndarray) -> float:
    known = column[~np.isnan(column)].astype(np.float64)
    return float(known.std()) if len(known) else 0.0


def _distances(
    real: np.ndarray, fake: np.ndarray, is_category: np.ndarray, deviations: np.ndarray
) -> np.ndarray:
    """Wasserstein and Jensen-Shannon distances, float64 [2, C]; NaN where a column has none."""
    distances = np.full((2, real.shape[1]), np.nan)
    for number, (r, f) in enumerate(zip(real.T, fake.T, strict=True)):
        gaps = np.isnan(r), np.isnan(f)
        if is_category[number]:
            distances[1, number] = jensen_shannon(r, f)
            continue
        if deviations[number] and not (gaps[0].all() or gaps[1].all()):
            w1 = wasserstein_distance(r[~gaps[0]], f[~gaps[1]])
            distances[0, number] = w1 / deviations[number]
        if gaps[0].any() or gaps[1].any():
            distances[1, number] = jensen_shannon(*(gap.astype(np.float64) for gap in gaps))
    # A column that never varies differs from nothing in no unit.
    distances[1, np.isnan(distances).all(axis=0)] = 0.0
    return distances


def jensen_shannon(real: np.ndarray, fake: np.ndarray) -> float:
    """Root of the Jensen-Shannon divergence to the base 2 of two columns' values, on [0, 1].

    Reference: Endres & Schindelin 2003, "A new metric for probability distributions".
    """
    values, places = np.unique(np.concatenate([real, fake]), return_inverse=True)
    p, q = (
        np.bincount(part, minlength=len(values)) / len(part)
        for part in (places[: len(real)], places[len(real) :])
    )
    middle = (p + q) / 2.0
    divergence = sum(
        float((side[side > 0] * np.log2(side[side > 0] / middle[side > 0])).sum()) / 2.0
        for side in (p, q)
    )
    return float(np.sqrt(max(divergence, 0.0)))


def associations(table: np.ndarray, is_category: np.ndarray) -> np.ndarray:
    """How far one column tells another, float64 [C, C] on [0, 1], over rows that have both.

    Of two numbers it is the absolute correlation, of two categories Cramér's V (Cramér 1946), of
    one and the other the correlation ratio η. A column that never varies tells nothing.
    """
    count = table.shape[1]
    found = np.eye(count)
    for a in range(count):
        for b in range(a):
            both = ~(np.isnan(table[:, a]) | np.isnan(table[:, b]))
            pair = table[both, a].astype(np.float64), table[both, b].astype(np.float64)
            found[a, b] = found[b, a] = _association(*pair, is_category[a], is_category[b])
    return found


def _association(a: np.ndarray, b: np.ndarray, a_names: bool, b_names: bool) -> float:
    if not len(a) or (a == a[0]).all() or (b == b[0]).all():
        return 0.0
    if a_names and b_names:
        return _cramers_v(a, b)
    if a_names or b_names:
        return _correlation_ratio(*((a, b) if a_names else (b, a)))
    return float(abs(np.corrcoef(a, b)[0, 1]))


def _cramers_v(a: np.ndarray, b: np.ndarray) -> float:
    """√(χ² / (n (min(k, l) - 1)))."""
    (_, rows), (_, columns) = (np.unique(x, return_inverse=True) for x in (a, b))
    sizes = rows.max() + 1, columns.max() + 1
    pairs, counts = np.unique(rows * sizes[1] + columns, return_counts=True)
    expected = (
        np.bincount(rows)[pairs // sizes[1]] * np.bincount(columns)[pairs % sizes[1]] / len(a)
    )
    # χ² = Σ n²_ij / e_ij - n, in which pairs that do not occur have no part.
    squares = float((counts.astype(np.float64) ** 2 / expected).sum()) - len(a)
    return float(np.sqrt(max(squares, 0.0) / (len(a) * (min(sizes) - 1))))


def _correlation_ratio(names: np.ndarray, numbers: np.ndarray) -> float:
    """√(variance between the categories' means / variance)."""
    _, groups = np.unique(names, return_inverse=True)
    counts = np.bincount(groups)
    means = np.bincount(groups, weights=numbers) / counts
    between = float((counts * (means - numbers.mean()) ** 2).sum())
    return float(np.sqrt(min(1.0, between / float(((numbers - numbers.mean()) ** 2).sum()))))
