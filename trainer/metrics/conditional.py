"""How far samples of one condition, or of one latent, lie apart.

With c and c' drawn from the data and z and z' from the prior,

    conditional diversity  E‖G(z, c') - G(z', c')‖ / E‖x - x'‖
    effect of a condition  E‖G(z, c') - G(z, c)‖ / E‖x - x'‖,

x and x' real. The first is zero for a generator that ignores its latent once it is given the
condition, the second for one that ignores the condition.
"""

import numpy as np

from trainer.errors import MetricError
from trainer.metrics.estimate import Estimate, mean


def relative_distance(a: np.ndarray, b: np.ndarray, unit: Estimate) -> Estimate:
    """Mean Euclidean distance of a_i and b_i in units of another one, with its error.

    Args:
        a: [n, d].
        b: likewise.
        unit: `mean_distance` of other pairs, drawn apart from these.

    Raises:
        MetricError: for shapes or values of no use, or a unit of zero.
    """
    found = mean_distance(a, b)
    if not unit.value > 0.0:
        raise MetricError("all real samples are the same: their distance is no unit.")
    value = found.value / unit.value
    errors = (found.error or 0.0), value * (unit.error or 0.0)
    return Estimate(value, float(np.hypot(*errors)) / unit.value)


def mean_distance(a: np.ndarray, b: np.ndarray) -> Estimate:
    """E‖a_i - b_i‖ of independent pairs with its standard error.

    Args:
        a: [n, d], n at least 2.
        b: likewise.

    Raises:
        MetricError: for other shapes, or values that are not finite.
    """
    if a.shape != b.shape or a.ndim != 2 or len(a) < 2:
        raise MetricError(f"pairs have shapes {a.shape} and {b.shape}; give two alike, [n, d].")
    distances = np.linalg.norm(a.astype(np.float64) - b.astype(np.float64), axis=1)
    if not np.isfinite(distances).all():
        raise MetricError("some samples are NaN or infinite; look at them.")
    return mean(distances)
