"""Structural similarity of pictures at one scale and at many, and diversity measured by it.

Reference: Wang, Bovik, Sheikh & Simoncelli 2004, "Image quality assessment: from error visibility
to structural similarity"; at many scales: Wang, Simoncelli & Bovik 2003, "Multi-scale structural
similarity for image quality assessment"; its use on pairs of generated pictures: Odena et al. 2017
(AC-GAN), section 4.2.
"""

from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from trainer.errors import MetricError
from trainer.metrics.estimate import Estimate, mean

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW, SIGMA = 11, 1.5
K1, K2 = 0.01, 0.03
_BLOCK_NUMBERS = 2**20


def ms_ssim(first: np.ndarray, second: np.ndarray, value_range: tuple[float, float]) -> np.ndarray:
    """Similarity of each pair of pictures: 1 for equal ones, about 0 for unrelated ones.

    Contrast-and-structure at every scale, luminance at the coarsest alone; means of negative
    structure count as 0; channels are averaged. As many of the five scales as the window allows
    (`scales`), their weights made to sum to one, so values of different sizes do not compare. Below
    11 pixels the window is the largest odd one that fits.

    Args:
        first: [n, h, w, c] of any real dtype.
        second: as `first`.
        value_range: (darkest, brightest) value that a pixel can have.

    Returns:
        float64 [n].

    Raises:
        MetricError: for unequal or too small pictures, and values that are NaN or out of range.
    """
    _check(first, second, value_range)
    low, high = value_range
    pairs = zip(_blocks(first, low), _blocks(second, low), strict=True)
    return np.concatenate([_of_block(a, b, high - low) for a, b in pairs])


def ssim(first: np.ndarray, second: np.ndarray, value_range: tuple[float, float]) -> np.ndarray:
    """Similarity of each pair of pictures at their own scale.

    The mean over all Gaussian windows (11 pixels, deviation 1.5) that lie in the picture, and over
    channels. Arguments, result and errors as of `ms_ssim`.
    """
    _check(first, second, value_range)
    low, high = value_range
    pairs = zip(_blocks(first, low), _blocks(second, low), strict=True)
    maps = (_similarity_maps(a, b, high - low) for a, b in pairs)
    return np.concatenate([(light * shape).mean(axis=(1, 2, 3)) for light, shape in maps])


def scales(height: int, width: int) -> int:
    """How many of the five scales a picture of that size has, its sides being halved each time."""
    side, count = min(height, width), 1
    while count < len(WEIGHTS) and (side + 1) // 2 >= WINDOW:
        side, count = (side + 1) // 2, count + 1
    return count


def diversity(similarities: np.ndarray) -> Estimate:
    """Mean similarity of pairs drawn within a class: the lower, the more diverse.

    Reading it needs the same number for real pictures of the class beside it.

    Args:
        similarities: [n] of `ms_ssim` over pairs that share no picture; the error takes them to be
            independent.

    Raises:
        MetricError: for fewer than two pairs, or NaN.
    """
    values = np.asarray(similarities, np.float64)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise MetricError(
            f"diversity needs the finite similarities of two pairs or more; got {values.shape}."
        )
    return mean(values)


def _of_block(first: np.ndarray, second: np.ndarray, width: float) -> np.ndarray:
    """As `ms_ssim`, for values from 0 to `width`."""
    count = scales(*first.shape[1:3])
    weights = np.array(WEIGHTS[:count]) / sum(WEIGHTS[:count])
    product = np.ones((len(first), first.shape[3]))
    for scale, weight in enumerate(weights):
        if scale:
            first, second = _halved(first), _halved(second)
        luminance, structure = _similarity_maps(first, second, width)
        is_last = scale == count - 1
        similarity = (luminance * structure if is_last else structure).mean(axis=(1, 2))
        product *= np.maximum(similarity, 0.0) ** weight
    return product.mean(axis=1)


def _similarity_maps(
    first: np.ndarray, second: np.ndarray, width: float
) -> tuple[np.ndarray, np.ndarray]:
    """Luminance, and contrast times structure, under every window that lies in the picture."""
    c1, c2 = (K1 * width) ** 2, (K2 * width) ** 2
    mean_first, mean_second = _windowed(first), _windowed(second)
    product, squares = mean_first * mean_second, mean_first**2 + mean_second**2
    covariance = _windowed(first * second) - product
    variances = _windowed(first**2 + second**2) - squares
    luminance = (2.0 * product + c1) / (squares + c1)
    return luminance, (2.0 * covariance + c2) / (variances + c2)


def _windowed(images: np.ndarray) -> np.ndarray:
    """Gaussian means under the windows that lie wholly in the pictures ('valid')."""
    radius = (min(WINDOW, *images.shape[1:3]) - 1) // 2
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / SIGMA) ** 2)
    weights /= weights.sum()
    for axis in (1, 2):
        images = ndimage.correlate1d(images, weights, axis=axis)
    return images[:, radius : images.shape[1] - radius, radius : images.shape[2] - radius]


def _halved(images: np.ndarray) -> np.ndarray:
    """Means of two by two pixels; an odd side repeats its last line first."""
    odd = [(0, 0), (0, images.shape[1] % 2), (0, images.shape[2] % 2), (0, 0)]
    images = np.pad(images, odd, mode="edge")
    n, height, width, channels = images.shape
    return images.reshape(n, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))


def _blocks(images: np.ndarray, low: float) -> Iterator[np.ndarray]:
    """The pictures from 0 up in float64, a bounded number at a time."""
    rows = max(1, _BLOCK_NUMBERS // int(np.prod(images.shape[1:])))
    for start in range(0, len(images), rows):
        yield images[start : start + rows].astype(np.float64) - low


def _check(first: np.ndarray, second: np.ndarray, value_range: tuple[float, float]) -> None:
    if first.shape != second.shape or first.ndim != 4 or not len(first):
        raise MetricError(
            f"the pictures of the pairs have shapes {first.shape} and {second.shape}; give both "
            "as [n, h, w, c]."
        )
    if min(first.shape[1:3]) < 3:
        raise MetricError(f"a picture of shape {first.shape[1:]} is too small; 3 × 3 are needed.")
    low, high = value_range
    # Written so that NaN fails it too.
    if not all(low <= x.min() and x.max() <= high for x in (first, second)):
        raise MetricError(
            f"some pixels are NaN or lie outside {value_range}; give the range that the pictures "
            "are in."
        )
