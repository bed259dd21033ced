"""Arrays as PNG files, where no signature of the model makes them."""

import io

import numpy as np

from serving.errors import UsageError

_MAX_CHANNELS = 4


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


def _encode(image: np.ndarray) -> bytes:
    from PIL import Image

    pixels = image[..., 0] if image.shape[-1] == 1 else image
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def _check(images: np.ndarray) -> None:
    channels = images.shape[-1] if images.ndim == 4 else 0
    is_grey16 = images.dtype == np.uint16 and channels == 1
    if not (is_grey16 or (images.dtype == np.uint8 and 1 <= channels <= _MAX_CHANNELS)):
        raise UsageError(
            f"png: samples of type {images.dtype} and shape {list(images.shape[1:])} are no PNG "
            "images; ask for arrays."
        )
