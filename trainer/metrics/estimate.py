"""What every metric returns: a number with its statistical error."""

from typing import NamedTuple


class Estimate(NamedTuple):
    """A number estimated from samples.

    Attributes:
        value: the estimate.
        error: its standard error over new draws of the samples, all else being the same; None where
            the definition allows none.
    """

    value: float
    error: float | None = None
