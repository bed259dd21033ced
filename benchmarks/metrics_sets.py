"""Seeded features to compare implementations of metrics on; NumPy only."""

from pathlib import Path

import numpy as np


def gaussians(count: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Two normal distributions with other means and covariances, both well-conditioned."""
    generator = np.random.default_rng(0)
    mixing = np.eye(width) + 0.3 * generator.normal(size=(width, width)) / np.sqrt(width)
    real = generator.normal(size=(count, width)) * np.linspace(0.7, 1.3, width)
    fake = generator.normal(size=(count, width)) @ mixing + 0.05
    return real.astype(np.float32), fake.astype(np.float32)


def rectified(count: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Like a classifier's last layer: many zeros, heavy tails, a few directions that matter.

    Rectified mixtures of 64 factors with Student noise and a size of its own for each sample; the
    fake ones have smaller factors. The covariances' eigenvalues span five orders of magnitude.
    """
    generator = np.random.default_rng(1)
    mixing = generator.normal(size=(64, width)) / 8

    def side(scale: float) -> np.ndarray:
        factors = scale * generator.normal(size=(count, 64)) @ mixing
        noise = 0.1 * generator.standard_t(5, size=(count, width))
        size = np.exp(0.3 * generator.normal(size=(count, 1)))
        return np.maximum(size * (factors + noise) - 0.2, 0.0).astype(np.float32)

    return side(1.0), side(0.9)


def logits(count: int, classes: int) -> np.ndarray:
    """Of a classifier that is sure of some samples and not of others."""
    generator = np.random.default_rng(2)
    sure = generator.exponential(size=(count, 1))
    return (4 * sure * generator.normal(size=(count, classes))).astype(np.float32)


def write(path: Path, real: np.ndarray, fake: np.ndarray, scores: np.ndarray) -> Path:
    """The form in which another interpreter reads them."""
    np.savez(path, real=real, fake=fake, logits=scores)
    return path
