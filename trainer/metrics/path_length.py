"""Perceptual path length: how evenly the picture changes along a path between two latents.

Reference: Karras et al. 2019 (StyleGAN), section 4.1.
"""

import numpy as np

from trainer.errors import MetricError
from trainer.metrics import checks
from trainer.metrics.estimate import Estimate


def slerp(a: np.ndarray, b: np.ndarray, t: float | np.ndarray) -> np.ndarray:
    """The great arc from a to b: the path for Gaussian and spherical priors.

    Where norms differ they change along the way; unit vectors stay unit vectors. Parallel and
    opposite vectors have no one arc; between these it is the straight line.

    Args:
        a: [n, d].
        b: [n, d].
        t: how far along, one number or [n], from 0 to 1.

    Returns:
        float64 [n, d].

    Reference: Shoemake 1985; White 2016, "Sampling generative networks".
    """
    a, b, t = _as_path(a, b, t)
    norms = np.linalg.norm(a, axis=1, keepdims=True) * np.linalg.norm(b, axis=1, keepdims=True)
    cosine = np.sum(a * b, axis=1, keepdims=True) / np.where(norms == 0.0, 1.0, norms)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    sine = np.sin(angle)
    straight = sine < 1e-7
    safe = np.where(straight, 1.0, sine)
    arc = (np.sin((1.0 - t) * angle) * a + np.sin(t * angle) * b) / safe
    return np.where(straight, (1.0 - t) * a + t * b, arc)


def lerp(a: np.ndarray, b: np.ndarray, t: float | np.ndarray) -> np.ndarray:
    """The straight line from a to b, as `slerp`: the path for uniform priors and style vectors."""
    a, b, t = _as_path(a, b, t)
    return (1.0 - t) * a + t * b


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


def _as_path(
    a: np.ndarray, b: np.ndarray, t: float | np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All in float64, t as [n or 1, 1]."""
    if a.shape != b.shape or a.ndim != 2:
        raise MetricError(f"latents have shapes {a.shape} and {b.shape}; give [n, d] twice.")
    return a.astype(np.float64), b.astype(np.float64), np.reshape(t, (-1, 1)).astype(np.float64)
