"""Pictures of samples: a grid of images, or a density map of points in the plane."""

import io

import numpy as np
from PIL import Image

from trainer.data.images import to_channels

# Grids show small images enlarged to at least this many pixels a side.
_SMALLEST_SIDE = 56
_PLANE_PIXELS = 400


def grid(images: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Images [rows * columns, h, w, c] of uint8 as one picture [H, W, 3], row by row.

    Whole-number enlargement keeps the pixels of small images visible; two pixels part the images.
    """
    images = _as_rgb(images)
    scale = max(1, -(-_SMALLEST_SIDE // min(images.shape[1:3])))
    images = images.repeat(scale, axis=1).repeat(scale, axis=2)
    _, height, width, _ = images.shape
    gap = 2
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for i, image in enumerate(images[: rows * columns]):
        top, left = (i // columns) * (height + gap), (i % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def plane(points: np.ndarray, value_range: tuple[float, float]) -> np.ndarray:
    """Points [n, 2] as a picture [400, 400, 3] of their density, darker where there are more."""
    low, high = value_range
    margin = 0.25 * (high - low)
    bounds = (low - margin, high + margin)
    counts, _, _ = np.histogram2d(
        points[:, 1], points[:, 0], bins=_PLANE_PIXELS // 4, range=(bounds, bounds)
    )
    shade = 1.0 - np.sqrt(counts / max(counts.max(), 1.0))
    picture = (255 * shade[::-1]).astype(np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    return np.stack([picture] * 3, axis=-1)


def as_bytes(samples: np.ndarray, value_range: tuple[float, float]) -> np.ndarray:
    """Samples in their own units as uint8, for looking at."""
    if samples.dtype == np.uint8:
        return samples
    low, high = value_range
    share = (samples.astype(np.float32) - low) / (high - low)
    return np.round(255 * np.clip(share, 0.0, 1.0)).astype(np.uint8)


def png(picture: np.ndarray) -> bytes:
    """A picture [h, w, 3] of uint8 as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def _as_rgb(images: np.ndarray) -> np.ndarray:
    """Any image as RGB, what is transparent over white; of more channels the first three."""
    return images[..., :3] if images.shape[-1] > 4 else to_channels(images, 3)


def in_turns(upper: np.ndarray, lower: np.ndarray, columns: int) -> np.ndarray:
    """Rows of `upper` and of `lower` in turns, for a grid; the smaller pictures are enlarged."""
    height, width = (max(a, b) for a, b in zip(upper.shape[1:3], lower.shape[1:3], strict=True))
    both = [_enlarged(_as_rgb(images), height, width) for images in (upper, lower)]
    starts = range(0, len(both[0]), columns)
    return np.concatenate([side[start : start + columns] for start in starts for side in both])


def _enlarged(images: np.ndarray, height: int, width: int) -> np.ndarray:
    down, across = height // images.shape[1], width // images.shape[2]
    return images.repeat(down, axis=1).repeat(across, axis=2)
