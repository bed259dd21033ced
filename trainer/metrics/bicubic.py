"""Bicubic scaling of pictures, as the field's super-resolution numbers are made.

The cubic kernel with a = -1/2 (Keys 1981); it widens with the factor where pictures become smaller
(no aliasing), edges are mirrored, and weights sum to one: MATLAB's `imresize`. Pillow's BICUBIC is
the same in the middle of a picture; OpenCV and others do not widen the kernel.
"""

from functools import lru_cache

import numpy as np

_A = -0.5
_RADIUS = 2.0
# Enlarging, a new line is made of old ones no farther away.
REACH = 2


def resized(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pictures [n, h, w, c] at another size [n, *size, c], float64, neither rounded nor clipped."""
    rows, columns = weights(images.shape[1], size[0]), weights(images.shape[2], size[1])
    along = np.tensordot(rows, images.astype(np.float64), axes=(1, 1))
    return np.tensordot(along, columns, axes=(2, 1)).transpose(1, 0, 3, 2)


@lru_cache(maxsize=32)
def phases(factor: int) -> np.ndarray:
    """What old lines -REACH to REACH about line i count in new lines factor · i, factor · i + 1, ….

    Returns:
        float64 [factor, 2 REACH + 1].
    """
    around = 2 * REACH + 1
    middle = slice(factor * REACH, factor * (REACH + 1))
    return weights(around, factor * around)[middle]


@lru_cache(maxsize=32)
def weights(old: int, new: int) -> np.ndarray:
    """What each of `old` lines counts in each of `new` ones: float64 [new, old]; rows sum to 1."""
    scale = new / old
    width = max(1.0, 1.0 / scale)
    centres = (np.arange(new) + 0.5) / scale - 0.5
    reach = int(np.ceil(_RADIUS * width)) + 1
    lines = np.floor(centres).astype(int)[:, np.newaxis] + np.arange(-reach, reach + 1)
    shares = _cubic((lines - centres[:, np.newaxis]) / width)
    shares /= shares.sum(axis=1, keepdims=True)
    matrix = np.zeros((new, old))
    np.add.at(matrix, (np.arange(new)[:, np.newaxis], _mirrored(lines, old)), shares)
    return matrix


def _cubic(x: np.ndarray) -> np.ndarray:
    x = np.abs(x)
    near = (_A + 2.0) * x**3 - (_A + 3.0) * x**2 + 1.0
    far = _A * x**3 - 5.0 * _A * x**2 + 8.0 * _A * x - 4.0 * _A
    return np.where(x <= 1.0, near, np.where(x < _RADIUS, far, 0.0))


def _mirrored(lines: np.ndarray, count: int) -> np.ndarray:
    """Lines beyond an edge are those before it, the edge's own line first."""
    folded = lines % (2 * count)
    return np.minimum(folded, 2 * count - 1 - folded)
