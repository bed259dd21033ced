"""A stand-in for MNIST that needs no download: scikit-learn's digits at 28×28.

Speed does not depend on what the pictures show, but pictures of random pixels would let the
discriminator win outright and fill the gradients with zeros.
"""

from pathlib import Path

import numpy as np

_COUNT = 60_000


def images() -> np.ndarray:
    """As many pictures as MNIST has, uint8 [60000, 28, 28, 1]: each digit's pixels 4×4, cropped."""
    from sklearn.datasets import load_digits

    small = load_digits().images / 16.0
    large = np.kron(small, np.ones((4, 4)))[:, 2:30, 2:30, np.newaxis]
    repeats = -(-_COUNT // len(large))
    return np.tile((255.0 * large).astype(np.uint8), (repeats, 1, 1, 1))[:_COUNT]


def write(folder: Path) -> Path:
    """Saves them as an .npz file that every contender reads."""
    path = folder / "stand-in.npz"
    np.savez(path, images=images())
    return path
