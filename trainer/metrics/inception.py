"""The Inception score: sharp and varied predictions of a classifier (Salimans et al. 2016)."""

import numpy as np

from trainer.errors import MetricError
from trainer.metrics import blocks, checks
from trainer.metrics.estimate import Estimate


def inception_score(logits: np.ndarray, splits: int = 1) -> Estimate:
    """The exponential of the mean divergence KL(p(y|x) ‖ p(y)), in float64.

    With one split the error is that of the first-order expansion. p(y) depends on the samples too,
    but where it is their mean the divergence is stationary in it, so the samples' own divergences
    are all of the influence: log IS has the standard error std(KL)/√n. With more splits, cut in
    order, it is the standard error of their mean. The public tables of ± are standard *deviations*
    over ten splits, √10 times as large.

    Args:
        logits: [n, classes] of a classifier on generated samples.
        splits: 1, or the 10 of the paper, whose scores are lower because every split is small.

    Raises:
        MetricError: for logits that are not finite, or fewer than two samples a split.
    """
    if splits < 1:
        raise MetricError(f"splits is {splits}; give 1 or more.")
    checks.features(logits, "fake", at_least=2 * splits)
    if splits == 1:
        divergences = _divergences(logits)
        value = float(np.exp(divergences.mean()))
        return Estimate(value, value * float(divergences.std(ddof=1)) / len(logits) ** 0.5)
    parts = [logits[part] for part in blocks.parts(len(logits), splits)]
    scores = np.array([np.exp(_divergences(part).mean()) for part in parts])
    return Estimate(float(scores.mean()), float(scores.std(ddof=1)) / splits**0.5)


def _divergences(logits: np.ndarray) -> np.ndarray:
    """KL(p(y|x) ‖ p(y)) of every sample, [n], in two passes over blocks of rows."""
    parts = blocks.rows(len(logits))
    # Samples sure of other classes may leave a class without any mass: 0·log 0 counts as 0.
    mass = sum(np.exp(_log_softmax(logits[part])).sum(axis=0) for part in parts)
    with np.errstate(divide="ignore"):
        log_marginal = np.maximum(np.log(mass / len(logits)), np.finfo(np.float64).min)
    divergences = []
    for part in parts:
        log_p = _log_softmax(logits[part])
        divergences.append((np.exp(log_p) * (log_p - log_marginal)).sum(axis=1))
    return np.concatenate(divergences)


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
