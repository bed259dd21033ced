"""Sliced Wasserstein distances of patches at every scale of a Laplacian pyramid.

The finest level speaks of sharpness and noise, the coarsest of large-scale structure.

Reference: Karras et al. 2018, "Progressive growing of GANs", section 5 and its code: pyramid by a
5 × 5 binomial filter down to 16 pixels, 128 patches of 7 × 7 a picture and level, each channel of
the patches brought to mean 0 and deviation 1 *in each of the two sets*, 512 directions, ×1000.
So a cast or a wrong contrast that all pictures of a level share does not show.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from trainer.errors import MetricError
from trainer.metrics import checks, sliced_wasserstein
from trainer.metrics.estimate import Estimate

SMALLEST_SIDE = 16
PATCH = 7
PATCHES_PER_IMAGE = 128
_BINOMIAL = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0


class PyramidDistance(NamedTuple):
    """Distances by level.

    Attributes:
        by_side: shorter side of the level in pixels → distance × 1000, with its error over the
            directions (that of the samples is not in it).
        average: mean over the levels.
    """

    by_side: dict[int, Estimate]
    average: Estimate


def pyramid_distance(
    real: Iterable[np.ndarray], fake: Iterable[np.ndarray], per_image: int, seed: int = 0
) -> PyramidDistance:
    """The distance of two streams of pictures.

    Where a patch lies depends on the place of its picture in the stream (not on the blocks), so
    another order gives another draw of patches.

    Args:
        real: blocks [n, h, w, c] of any real dtype.
        fake: as `real`; counts may differ.
        per_image: patches a picture and level; `patches_per_image` bounds them.
        seed: of places and directions.

    Raises:
        MetricError: for pictures that are too small, of other sizes or NaN, and for a set in which
            a channel of a level is constant.
    """
    return of_descriptors(descriptors(real, per_image, seed), descriptors(fake, per_image, seed))


def patches_per_image(num_images: int, at_most: int = 2**17) -> int:
    """The paper's 128, or fewer: so that no level has more than `at_most` patches.

    2^17 patches of a coloured level take 77 MB. The paper has 2^14 pictures and 2^21 patches.
    """
    return max(1, min(PATCHES_PER_IMAGE, at_most // num_images))


def descriptors(
    blocks: Iterable[np.ndarray], per_image: int = PATCHES_PER_IMAGE, seed: int = 0
) -> dict[int, np.ndarray]:
    """Patches of every level of all pictures, not yet normalised.

    Returns:
        shorter side of the level → float32 [n · per_image, 7, 7, c].
    """
    found: dict[int, list[np.ndarray]] = {}
    streams: dict[int, np.random.RandomState] = {}
    shape = None
    for block in blocks:
        shape = _check(block, shape)
        for depth, level in enumerate(pyramid(block, num_levels(*shape[:2]))):
            side = min(level.shape[1:3])
            # A stream a level, so that blocks of any size find the same places.
            stream = streams.setdefault(side, np.random.RandomState([seed, depth]))
            found.setdefault(side, []).append(patches(level, per_image, stream))
    if not found:
        raise MetricError("there are no pictures; give at least one.")
    return {side: np.concatenate(parts) for side, parts in found.items()}


def of_descriptors(
    real: dict[int, np.ndarray], fake: dict[int, np.ndarray], count: int = 512, seed: int = 0
) -> PyramidDistance:
    """The distance of two sets of patches from `descriptors`."""
    if {side: x.shape[1:] for side, x in real.items()} != {
        side: x.shape[1:] for side, x in fake.items()
    }:
        raise MetricError(
            f"real pictures have levels of {sorted(real)} pixels and fake ones of {sorted(fake)}, "
            "or other channels; bring both to one size."
        )
    by_side = {}
    for depth, side in enumerate(sorted(real, reverse=True)):
        sets = _normalised(real[side], "real", side), _normalised(fake[side], "fake", side)
        value, error = sliced_wasserstein.sliced_wasserstein_distance(*sets, count, seed + depth)
        by_side[side] = Estimate(1e3 * value, None if error is None else 1e3 * error)
    return PyramidDistance(by_side, _average(list(by_side.values())))


def num_levels(height: int, width: int) -> int:
    """How many levels a picture has: the first, and every halved one of 16 pixels or more."""
    side, count = (min(height, width) + 1) // 2, 1
    while side >= SMALLEST_SIDE:
        side, count = (side + 1) // 2, count + 1
    return count


def pyramid(images: np.ndarray, levels: int) -> list[np.ndarray]:
    """The Laplacian pyramid, finest level first; the last is the coarsest picture itself.

    Args:
        images: [n, h, w, c] of any real dtype.
        levels: their number.

    Returns:
        float64 [n, h', w', c] each; sides halve, rounding up.
    """
    result = [images.astype(np.float64)]
    for _ in range(1, levels):
        fine = result.pop()
        coarse = _smooth(fine)[:, ::2, ::2]
        result += [fine - _enlarged(coarse, fine.shape), coarse]
    return result


def patches(level: np.ndarray, per_image: int, random: np.random.RandomState) -> np.ndarray:
    """Patches of 7 × 7 at places uniform over each picture.

    Args:
        level: [n, h, w, c].
        per_image: how many of each picture; they may overlap.
        random: gives the places, those of the first picture first.

    Returns:
        float32 [n · per_image, 7, 7, c].
    """
    n, height, width, channels = level.shape
    room = np.array([height - PATCH + 1, width - PATCH + 1])
    corners = (random.random_sample((n, per_image, 2)) * room).astype(np.int64)
    along = np.arange(PATCH)
    rows = corners[:, :, 0, None, None] + along[:, None]
    columns = corners[:, :, 1, None, None] + along
    taken = level[np.arange(n)[:, None, None, None], rows, columns]
    return taken.reshape(-1, PATCH, PATCH, channels).astype(np.float32)


def _smooth(images: np.ndarray) -> np.ndarray:
    for axis in (1, 2):
        images = ndimage.correlate1d(images, _BINOMIAL, axis=axis, mode="mirror")
    return images


def _enlarged(coarse: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    spread = np.zeros(shape)
    spread[:, ::2, ::2] = coarse
    # Three pixels of four are empty, and the filter sums to one.
    return 4.0 * _smooth(spread)


def _normalised(patches: np.ndarray, who: str, side: int) -> np.ndarray:
    """Patches as rows, each channel with mean 0 and deviation 1 over the set: float32 [n, 49·c]."""
    mean = patches.mean(axis=(0, 1, 2), dtype=np.float64)
    std = patches.std(axis=(0, 1, 2), dtype=np.float64)
    if (std <= 1e-6 * np.abs(patches).max()).any():
        raise MetricError(
            f"a channel of all {who} patches is constant at {side} pixels, so they cannot be "
            "normalised; look at those pictures."
        )
    normalised = patches - mean.astype(np.float32)
    normalised /= std.astype(np.float32)
    return normalised.reshape(len(patches), -1)


def _average(levels: list[Estimate]) -> Estimate:
    """Their mean; directions are drawn for each level apart, so errors add as squares."""
    errors = [level.error for level in levels if level.error is not None]
    error = float(np.linalg.norm(errors) / len(levels)) if errors else None
    return Estimate(float(np.mean([level.value for level in levels])), error)


def _check(block: np.ndarray, expected: tuple[int, ...] | None) -> tuple[int, ...]:
    """The shape of its pictures, which must be that of those before."""
    if block.ndim != 4 or min(block.shape[1:3]) < PATCH:
        raise MetricError(
            f"a block of pictures has shape {block.shape}; give [n, h, w, c] of at least "
            f"{PATCH} × {PATCH} pixels."
        )
    if expected is not None and block.shape[1:] != expected:
        raise MetricError(
            f"pictures of {expected} are followed by some of {block.shape[1:]}; bring all to one "
            "size."
        )
    checks.features(block.reshape(len(block), -1), "picture", 1)
    return block.shape[1:]
