"""How near generated rows lie to training rows: whether a table tells of those it was made from.

Rows are [n, C] float: of a category its number, of a number itself, NaN where it is missing.
"""

import numpy as np

from trainer.errors import MetricError
from trainer.metrics.estimate import Estimate

# Distances held at a time.
_AT_ONCE = 2**22


def distances(rows: np.ndarray, train: np.ndarray, is_category: np.ndarray) -> np.ndarray:
    """Gower's distance of each row to the nearest training row, float64 [n] on [0, 1] and beyond.

    It is a mean over columns: of a number the difference over the training range, of a category,
    and of what is missing on one side only, 1 where they differ.

    Reference: Gower 1971, "A general coefficient of similarity and some of its properties".
    """
    ranges = np.array([_range(column) for column in train.T], np.float32)
    step = max(1, _AT_ONCE // len(train))
    blocks = (rows[start : start + step] for start in range(0, len(rows), step))
    return np.concatenate([_nearest(block, train, is_category, ranges) for block in blocks])


def _range(column: np.ndarray) -> float:
    known = column[~np.isnan(column)]
    return float(np.ptp(known)) if len(known) and np.ptp(known) > 0 else 1.0


def _nearest(
    rows: np.ndarray, train: np.ndarray, is_category: np.ndarray, ranges: np.ndarray
) -> np.ndarray:
    total = np.zeros((len(rows), len(train)), np.float32)
    for number, (own, others) in enumerate(zip(rows.T, train.T, strict=True)):
        a, b = own[:, np.newaxis], others[np.newaxis]
        if is_category[number]:
            total += a != b
            continue
        gap = np.abs(a - b) / ranges[number]
        total += np.where(np.isnan(a) | np.isnan(b), np.isnan(a) != np.isnan(b), gap)
    nearest: np.ndarray = total.min(axis=1).astype(np.float64) / rows.shape[1]
    return nearest


def closer_than(fake: np.ndarray, held_out: np.ndarray) -> Estimate:
    """How often a generated row is nearer to the training rows than a held-out one.

    Args:
        fake: `distances` of generated rows, [n].
        held_out: of held-out ones, [m].

    Returns:
        P(fake < held out) + ½ P(fake = held out), one half where both are draws of one
        distribution; its error is that of the Mann-Whitney statistic (DeLong et al. 1988).

    Raises:
        MetricError: for less than two of either.
    """
    if min(len(fake), len(held_out)) < 2:
        raise MetricError("there are less than two rows of a side; give more.")
    order = np.sort(held_out)
    below = np.searchsorted(order, fake, side="left")
    upto = np.searchsorted(order, fake, side="right")
    of_fake = 1.0 - (below + upto) / (2.0 * len(order))
    order = np.sort(fake)
    below = np.searchsorted(order, held_out, side="left")
    upto = np.searchsorted(order, held_out, side="right")
    of_held_out = (below + upto) / (2.0 * len(order))
    variance = of_fake.var(ddof=1) / len(fake) + of_held_out.var(ddof=1) / len(held_out)
    return Estimate(float(of_fake.mean()), float(np.sqrt(variance)))
