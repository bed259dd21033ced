"""Decodes one image file, with nothing lost or clipped without a word."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngImageFile

# By how much Pillow multiplies PNG's shallower greys, but not the transparent one, by raw mode.
_MULTIPLIED = {"L;2": 85, "L;4": 17}


def read_image(file: Path) -> np.ndarray:
    """Decodes one image and turns it as its EXIF orientation says.

    Returns:
        [h, w, c]: uint8 with 1 (grey), 2 (grey and opacity), 3 (RGB) or 4 (RGBA) channels, palettes
        resolved and a transparent colour made an opacity; uint16 with 1 or 2 channels for 16-bit
        grey; float32 with one channel for floats; the first frame of an animation. Pillow reads
        16-bit colour as 8-bit.

    Raises:
        ValueError: for integers of 32 bits, and for floats that are not finite.
        Exception: of any kind, mostly OSError, for a file that is not a whole image.
    """
    with Image.open(file) as opened:
        transparent = _transparent_colour(opened)
        image = ImageOps.exif_transpose(opened)
        array = _pixels(image, keep_opacity=transparent is None)
    if array.ndim == 2:
        array = array[..., np.newaxis]
    return array if transparent is None else _with_opacity(array, transparent)


def _transparent_colour(image: Image.Image) -> np.ndarray | None:
    """The colour that stands for transparency, in the units of decoded pixels; None without one.

    Palettes are left to Pillow, which gives each of their colours its opacity.
    """
    found = image.info.get("transparency")
    if found is None or image.mode not in ("1", "L", "RGB", "I;16"):
        return None
    colour = np.atleast_1d(np.asarray(found))
    if image.mode == "1":
        return np.where(colour, 255, 0)
    raw_mode = str(image.tile[0].args) if isinstance(image, PngImageFile) and image.tile else ""
    return colour >> 8 if raw_mode == "RGB;16B" else colour * _MULTIPLIED.get(raw_mode, 1)


def _with_opacity(array: np.ndarray, transparent: np.ndarray) -> np.ndarray:
    """The picture with one more channel: nothing where it has the transparent colour, else full."""
    full = np.iinfo(array.dtype).max
    opacity = np.where((array == transparent).all(axis=-1, keepdims=True), 0, full)
    return np.concatenate([array, opacity.astype(array.dtype)], axis=-1)


def _pixels(image: Image.Image, *, keep_opacity: bool) -> np.ndarray:
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if image.mode == "I":
        raise ValueError("it holds 32-bit integers; convert it to 8 or 16 bits, or to floats")
    if image.mode == "F":
        array = np.asarray(image, np.float32)
        if not np.isfinite(array).all():
            raise ValueError("it holds NaN or infinity; remove or mend it")
        return array
    return np.asarray(image.convert(_mode(image, keep_opacity=keep_opacity)))


def _mode(image: Image.Image, *, keep_opacity: bool) -> str:
    """The one of Pillow's modes L, LA, RGB and RGBA that holds all of an 8-bit image."""
    is_grey = image.mode in ("1", "L", "LA", "La")
    has_opacity = image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or (
        keep_opacity and "transparency" in image.info
    )
    return ("L" if is_grey else "RGB") + ("A" if has_opacity else "")
