"""A second opinion on a property of sequences: ridge regression on the words that they have."""

import itertools

import numpy as np

from trainer.errors import MetricError
from trainer.metrics.motifs import occurrences

# Columns at most, and the penalty on a coefficient, whose columns have deviation one.
_MOST, _PENALTY = 600, 1.0


class WordRegression:
    """y ≈ b + Σ_w β_w (how often x has the word w), words of up to `longest` symbols.

    β minimises the squared errors of the given sequences and ‖β‖², in columns of deviation one.

    Args:
        ids: sequences int [n, T].
        values: of the property, [n].
        symbols: that there are; words are as long as 600 columns allow, and three at most.

    Raises:
        MetricError: without two sequences.

    Reference: Hoerl & Kennard 1970.
    """

    def __init__(self, ids: np.ndarray, values: np.ndarray, symbols: int) -> None:
        if len(ids) < 2:
            raise MetricError(f"{len(ids)} sequences are too few for a regression.")
        sizes = itertools.accumulate(symbols**n for n in range(1, 4))
        longest = max(1, sum(size <= _MOST for size in sizes))
        lengths = range(1, longest + 1)
        self._words = [w for n in lengths for w in itertools.product(range(symbols), repeat=n)]
        columns = self._columns(ids)
        self._mean, deviation = columns.mean(axis=0), columns.std(axis=0)
        self._scale = np.where(deviation > 0.0, deviation, 1.0)
        x = (columns - self._mean) / self._scale
        self._offset = float(values.mean())
        normal = x.T @ x + _PENALTY * np.eye(x.shape[1])
        self._slopes = np.linalg.solve(normal, x.T @ (values - self._offset))

    def __call__(self, ids: np.ndarray) -> np.ndarray:
        """What the property should be of sequences int [n, T], float64 [n]."""
        x = (self._columns(ids) - self._mean) / self._scale
        predicted: np.ndarray = self._offset + x @ self._slopes
        return predicted

    def _columns(self, ids: np.ndarray) -> np.ndarray:
        counts = [occurrences(ids, np.array(word)) for word in self._words]
        return np.stack(counts, axis=1).astype(np.float64)
