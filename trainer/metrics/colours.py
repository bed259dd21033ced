"""How alike the colours of two sets of pictures are, in the space L*a*b* of CIE 1976.

Which colours a set has, and how often, says nothing about where they are: a set of pictures that
are averages of what is possible is near in every pixel, and too grey in its histogram.
"""

import numpy as np

from trainer.errors import MetricError

# Linear light of sRGB (IEC 61966-2-1) in CIE XYZ, and the white of D65 in it.
_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE = _XYZ.sum(axis=1)
_DELTA = 6.0 / 29.0
# What L*, a* and b* of sRGB can be, to the next round number.
RANGES = ((0.0, 100.0), (-100.0, 100.0), (-110.0, 110.0))


def lab(pictures: np.ndarray, value_range: tuple[float, float]) -> np.ndarray:
    """SRGB [..., 3] → L*a*b* [..., 3], float64.

    Args:
        pictures: of any real dtype.
        value_range: the values of black and of full light.

    Raises:
        MetricError: for pictures without three channels.
    """
    if pictures.shape[-1] != 3:
        raise MetricError(f"colours are of three channels, and these have {pictures.shape[-1]}.")
    low, high = value_range
    levels = (pictures.astype(np.float64) - low) / (high - low)
    light = np.where(levels > 0.04045, ((levels + 0.055) / 1.055) ** 2.4, levels / 12.92)
    share = light @ _XYZ.T / _WHITE
    root = np.where(
        share > _DELTA**3, np.cbrt(np.maximum(share, 0.0)), share / (3 * _DELTA**2) + 4 / 29
    )
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)


def counts(colours: np.ndarray, bins: int) -> np.ndarray:
    """Histograms of L*, a* and b* over `RANGES`: [..., 3] → int64 [3, bins]."""
    rows = [
        np.histogram(np.clip(colours[..., i], *ends), bins, range=ends)[0]
        for i, ends in enumerate(RANGES)
    ]
    return np.stack(rows).astype(np.int64)


def intersection(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Σ min(p, q) over the bins of two histograms' shares, [k, bins] → [k]; one where alike.

    Reference: Swain & Ballard 1991, "Color indexing".
    """
    p, q = (h / h.sum(axis=-1, keepdims=True) for h in (first, second))
    return np.minimum(p, q).sum(axis=-1)
