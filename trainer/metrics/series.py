"""Time series: what one step tells of later ones."""

import numpy as np

from trainer.errors import MetricError


def autocorrelations(series: np.ndarray) -> np.ndarray:
    """The mean autocorrelation of series [n, T, d] at the lags 1 … T // 2, float64 [T // 2, d].

        r_k = Σ_{t ≤ T - k} (x_t - m)(x_{t+k} - m) / Σ_t (x_t - m)²

    of each series by itself, m its mean; one that never varies counts as zero.

    Raises:
        MetricError: for series of one step.
    """
    length = series.shape[1]
    if length < 2:
        raise MetricError("the series have one step only.")
    centred = series.astype(np.float64) - series.mean(axis=1, keepdims=True, dtype=np.float64)
    power = (centred**2).sum(axis=1)
    at_lag = [
        (centred[:, :-lag] * centred[:, lag:]).sum(axis=1) for lag in range(1, length // 2 + 1)
    ]
    found: np.ndarray = np.divide(at_lag, power, out=np.zeros_like(at_lag), where=power > 0.0)
    mean: np.ndarray = found.mean(axis=1)
    return mean
