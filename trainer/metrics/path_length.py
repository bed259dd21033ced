"""Perceptual path length: how evenly the picture changes along a path between two latents.

Reference: Karras et al. 2019 (StyleGAN), section 4.1.
"""

import numpy as np

from trainer.errors import MetricError
from trainer.metrics import checks
from trainer.metrics.estimate import Estimate


def perceptual_path_length(
    features_at_t: np.ndarray,
    features_at_next: np.ndarray,
    epsilon: float = 1e-4,
    lower: float = 0.01,
    upper: float = 0.99,
) -> Estimate:
    """Mean of ‖f(G(z_t)) - f(G(z_{t + ε}))‖² / ε² over random paths, without the extreme ones.

    The features should be float32 throughout: in bfloat16 so small a step is rounding alone.

    Args:
        features_at_t: [n, d], a pair of latents and a t each.
        features_at_next: [n, d], of the same paths ε further.
        epsilon: the step.
        lower: smaller values than this quantile are left out, as in StyleGAN.
        upper: larger values than this quantile are left out.

    Returns:
        The trimmed mean; its error is Tukey & McLaughlin's (1963), from the values brought inside
        the two quantiles.

    Raises:
        MetricError: for features that cannot be used.
    """
    checks.features(features_at_t, "first path")
    checks.features(features_at_next, "second path")
    if features_at_t.shape != features_at_next.shape:
        raise MetricError(
            f"features of shapes {features_at_t.shape} and {features_at_next.shape} are not of "
            "the same paths; give two of each."
        )
    step = features_at_t.astype(np.float64) - features_at_next
    lengths = np.sum(step**2, axis=1) / epsilon**2
    low = np.quantile(lengths, lower, method="lower")
    high = np.quantile(lengths, upper, method="higher")
    inside = np.clip(lengths, low, high).std(ddof=1)
    error = inside / ((upper - lower) * np.sqrt(len(lengths)))
    return Estimate(float(lengths[(low <= lengths) & (lengths <= high)].mean()), float(error))
