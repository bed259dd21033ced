"""What every metric returns: a number with its statistical error."""

from typing import NamedTuple

import numpy as np


class Estimate(NamedTuple):
    """A number estimated from samples.

    Attributes:
        value: the estimate.
        error: its standard error over new draws of the samples, all else being the same; None where
            the definition allows none.
    """

    value: float
    error: float | None = None


def mean(values: np.ndarray) -> Estimate:
    """The mean of values [n] that are drawn apart, with its standard error."""
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    return Estimate(float(values.mean()), error)
