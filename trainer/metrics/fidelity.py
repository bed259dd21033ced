"""How far pictures are from what they should be: absolute and squared error, PSNR, luminance.

All are of pairs, a number each. The range of pixels is part of the definition: a PSNR on [-1, 1]
that takes 1 for the range would be 6.02 dB off. Structural similarity is in
`structural_similarity`.
"""

from typing import NamedTuple

import numpy as np

from trainer.errors import MetricError
from trainer.metrics.estimate import Estimate, mean

# Of BT.601 in eight bits: what red, green and blue of range one add to the level of black.
_LUMA, _BLACK = np.array([65.481, 128.553, 24.966]), 16.0
LUMINANCE_RANGE = (0.0, 255.0)


class Errors(NamedTuple):
    """Errors of pairs of pictures whose pixels lie on [0, 1].

    Attributes:
        absolute: mean over pixels and channels, float64 [n].
        squared: as `absolute`.
    """

    absolute: np.ndarray
    squared: np.ndarray


def errors(
    first: np.ndarray, second: np.ndarray, value_range: tuple[float, float], crop: int = 0
) -> Errors:
    """Mean absolute and squared differences of pairs, as if pixels lay on [0, 1].

    Args:
        first: [n, h, w, c] of any real dtype.
        second: as `first`.
        value_range: (darkest, brightest) value that a pixel can have.
        crop: pixels left out along each side.

    Raises:
        MetricError: for unequal shapes, and where cropping leaves nothing.
    """
    if first.shape != second.shape or first.ndim != 4:
        raise MetricError(
            f"the pictures of the pairs have shapes {first.shape} and {second.shape}; give both "
            "as [n, h, w, c]."
        )
    low, high = value_range
    a, b = (cropped(pictures, crop).astype(np.float64) for pictures in (first, second))
    difference = (a - b) / (high - low)
    axes = (1, 2, 3)
    return Errors(np.abs(difference).mean(axis=axes), (difference**2).mean(axis=axes))


def psnr(squared: np.ndarray) -> tuple[Estimate, int]:
    """Mean peak signal-to-noise ratio of pictures, in decibels: -10 log10 of each squared error.

    Args:
        squared: [n] of `errors`.

    Returns:
        The mean with its error, and how many pairs are equal: their ratio is infinite, and they
        are left out of it.

    Raises:
        MetricError: when all pairs are equal.
    """
    different = squared[squared > 0.0]
    if not len(different):
        raise MetricError("all pictures equal what they should be: their PSNR is infinite.")
    return mean(-10.0 * np.log10(different)), len(squared) - len(different)


def luminance(images: np.ndarray, value_range: tuple[float, float]) -> np.ndarray:
    """Y of BT.601 of red, green and blue: 16 (black) to 235 (white) in whole levels.

    Grey is measured as it is, from 0 to 255, as the field's test sets have it.

    Args:
        images: [n, h, w, 3], or [n, h, w, 1] of grey.
        value_range: of a pixel.

    Returns:
        float64 [n, h, w, 1], to be measured on `LUMINANCE_RANGE`, as super-resolution is.
    """
    low, high = value_range
    scaled = (images.astype(np.float64) - low) / (high - low)
    if images.shape[-1] == 1:
        return 255.0 * scaled
    return np.round(scaled @ _LUMA + _BLACK)[..., np.newaxis]


def cropped(images: np.ndarray, crop: int) -> np.ndarray:
    """Pictures [n, h, w, c] without `crop` pixels along each side.

    Raises:
        MetricError: when nothing is left.
    """
    height, width = images.shape[1:3]
    if 2 * crop >= min(height, width):
        raise MetricError(f"cropping {crop} pixels leaves nothing of {height}x{width} pictures.")
    return images[:, crop : height - crop, crop : width - crop]
