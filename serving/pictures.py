"""Arrays as PNG files, and picture files as arrays that fit a field."""

import io
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.errors import UsageError
from serving.fields import LABEL_MAP, MASK, Field
from serving.palettes import classes_of

# Endings of files that `read_picture` takes.
ENDINGS = frozenset(
    {".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".npy"}
)

_MAX_CHANNELS = 4
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_NUMPY = b"\x93NUMPY"
_ORIENTATION = 0x0112  # in EXIF, and its values for a picture that lies on its side
_LYING = (5, 6, 7, 8)


def encode_png(images: np.ndarray) -> np.ndarray:
    """Returns a PNG file per image.

    Args:
        images: uint8 [n, h, w, c] of 1 to 4 channels, or uint16 of one.

    Returns:
        [n] objects of bytes.

    Raises:
        UsageError: the images cannot be PNG files.
    """
    _check(images)
    files = np.empty(len(images), object)
    files[:] = [_encode(image) for image in images]
    return files


def is_called_picture(name: str) -> bool:
    """Returns whether a file has an ending of those that `read_picture` takes."""
    return os.path.splitext(name)[1].lower() in ENDINGS


def is_png(dtype: str, shape: Sequence[int | None]) -> bool:
    """Returns whether an array of a type and a shape can be a PNG file."""
    channels = (shape[-1] or 0) if len(shape) == 3 else 0
    return (dtype == "uint8" and 1 <= channels <= _MAX_CHANNELS) or (
        dtype == "uint16" and channels == 1
    )


def read_picture(name: str, content: bytes, field: Field) -> np.ndarray:
    """Returns the array of a picture file or of NumPy's .npy file, for one row of a field.

    Pictures get the field's channels and units: a mask is 1 where the picture is bright, float
    fields have black at the lower end of their range and white at the upper. In a label map every
    colour is a class. What is transparent lies on white. An array of .npy is taken as it is.

    Args:
        name: of the file, for sentences.
        content: of the file.
        field: what is wanted.

    Returns:
        [*field.shape] of the field's type.

    Raises:
        UsageError: the file cannot be read, or its size is not the field's.
    """
    try:
        if is_numpy(content):
            array = np.load(io.BytesIO(content), allow_pickle=False)
        else:
            from PIL import Image

            with Image.open(io.BytesIO(content)) as opened:
                array = pixels_of(opened, field)
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(f"{name}: the file cannot be read ({error}).") from error
    return field.check(name, array[None])[0]


def size_of(name: str, content: bytes) -> tuple[int, ...]:
    """Returns height and width of a picture file, as `read_picture` would have them.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        if is_numpy(content):
            return tuple(np.load(io.BytesIO(content), allow_pickle=False).shape[:2])
        from PIL import Image

        with Image.open(io.BytesIO(content)) as opened:
            lies = opened.getexif().get(_ORIENTATION, 1) in _LYING
            width, height = opened.size
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(f"{name}: the file cannot be read ({error}).") from error
    return (width, height) if lies else (height, width)


def is_numpy(content: bytes) -> bool:
    """Returns whether a file is an array of NumPy's own."""
    return content.startswith(_NUMPY)


def pixels_of(opened: Any, field: Field) -> np.ndarray:
    """Returns the pixels [h, w, c] of an opened picture of Pillow in the units of a field."""
    if field.kind == LABEL_MAP:
        return classes_of(_pixels(opened, 3), field.about["palette"], field.names)
    return _in_units(_pixels(opened, field.shape[-1]), field)


def _pixels(opened: Any, channels: int | None) -> np.ndarray:
    """The pixels uint8 or uint16 [h, w, channels] of a picture."""
    from PIL import Image, ImageOps

    picture: Any = ImageOps.exif_transpose(opened)
    if picture.mode.startswith("I;16"):
        grey = np.asarray(picture)
        return np.repeat(grey[..., None], channels or 1, axis=-1)
    if picture.mode in ("P", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    mode = _MODES[channels] if channels else picture.mode
    if picture.mode in ("LA", "RGBA") and mode in ("L", "RGB"):
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    pixels = np.asarray(picture.convert(mode if mode in _MODES.values() else "RGB"))
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _in_units(pixels: np.ndarray, field: Field) -> np.ndarray:
    """Pixels as numbers of the field's type and range."""
    white = np.iinfo(pixels.dtype).max
    target = np.dtype(field.dtype)
    if field.kind == MASK:
        return (pixels > white // 2).astype(target)
    if target.kind == "f":
        low, high = field.range or (0.0, 1.0)
        return (low + (high - low) * (pixels / white)).astype(target)
    if target == np.uint8 and pixels.dtype == np.uint16:
        return np.round(pixels / 257).astype(target)
    if target == np.uint16 and pixels.dtype == np.uint8:
        return pixels.astype(target) * 257
    return pixels.astype(target)


def _encode(image: np.ndarray) -> bytes:
    from PIL import Image

    pixels = image[..., 0] if image.shape[-1] == 1 else image
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def _check(images: np.ndarray) -> None:
    if not is_png(images.dtype.name, images.shape[1:]):
        raise UsageError(
            f"png: samples of type {images.dtype} and shape {list(images.shape[1:])} are no PNG "
            "images; ask for arrays."
        )
