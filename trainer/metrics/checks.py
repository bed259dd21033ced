"""What every metric refuses: features from which no honest number can be had."""

import numpy as np

from trainer.errors import MetricError


def features(array: np.ndarray, who: str, at_least: int = 2) -> np.ndarray:
    """The array itself, when it is usable.

    Args:
        array: [n, d] of any float or integer dtype.
        who: "real" or "fake", for messages.
        at_least: fewest rows that the metric can use.

    Raises:
        MetricError: for another rank, too few rows, or values that are not finite.
    """
    if array.ndim != 2:
        raise MetricError(f"the {who} features have shape {array.shape}; give [n, d].")
    if len(array) < at_least:
        raise MetricError(
            f"there are {len(array)} {who} samples and at least {at_least} are needed; give more."
        )
    bad = ~np.isfinite(array).all(axis=1)
    if bad.any():
        raise MetricError(
            f"{bad.sum()} of the {len(array)} {who} samples have features that are NaN or "
            f"infinite, the first is number {bad.argmax()}; look at those samples."
        )
    return array


def same_width(real: np.ndarray, fake: np.ndarray) -> None:
    """Refuses features of two kinds.

    Raises:
        MetricError: when the rows have different lengths.
    """
    if real.shape[1] != fake.shape[1]:
        raise MetricError(
            f"real features have {real.shape[1]} numbers and fake ones {fake.shape[1]}; take both "
            "from one extractor."
        )
