"""Pure functions on one decoded image [h, w, c]: channels and size, the dtype kept."""

import numpy as np
from PIL import Image

from trainer.config.experiment import Data
from trainer.errors import ConfigError

_RESAMPLING = Image.Resampling.BICUBIC
# ITU-R BT.601: what "grey" means to Pillow, JPEG and TensorFlow alike.
_LUMINANCE = np.array([0.299, 0.587, 0.114])


def conform(image: np.ndarray, data: Data) -> np.ndarray:
    """The image with the depth, the channels and the size that the configuration asks for.

    Args:
        image: [h, w, c] of uint8, uint16 or float32.
        data: its `depth`, `channels`, `size` and `resize` say what to do; null leaves a property
            alone.

    Raises:
        ConfigError: when the depth or the channels cannot be converted.
    """
    if data.depth is not None:
        image = to_depth(image, data.depth)
    if data.channels is not None:
        image = to_channels(image, data.channels)
    if data.size is not None:
        image = to_size(image, *data.size, policy=data.resize)
    return image


# ---- Depth ---------------------------------------------------------------------------------------


def to_depth(image: np.ndarray, bits: int) -> np.ndarray:
    """Converts between 8 and 16 bits, black to black and white to white.

    Raises:
        ConfigError: for floats, whose unit is unknown.
    """
    wanted = np.dtype({8: np.uint8, 16: np.uint16}[bits])
    if image.dtype == wanted:
        return image
    if image.dtype.kind == "f":
        raise ConfigError(
            f"data.depth: received {bits}, but the images are floats, whose unit is unknown; leave "
            "the field null or convert the images first."
        )
    if bits == 16:
        return image.astype(np.uint16) * np.uint16(257)
    return _in_dtype(image / 257.0, wanted)


# ---- Channels ------------------------------------------------------------------------------------


def to_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """Converts between grey (1), grey and opacity (2), RGB (3) and RGBA (4).

    A colour becomes its luminance, a new opacity is full, and one that is dropped is laid over
    white, as a page would show it.

    Args:
        image: [..., c].
        channels: of the result.

    Raises:
        ConfigError: for other numbers of channels, and for floats with an opacity to be dropped,
            whose unit is unknown.
    """
    present = image.shape[-1]
    if present == channels:
        return image
    if present > 4 or channels > 4:
        raise ConfigError(
            f"data.channels: received {channels}, but the images have {present} channels, and "
            "only 1 to 4 can be converted; leave it null."
        )
    colour, opacity = image[..., : 3 if present > 2 else 1], image[..., present - 1 :]
    if present in (2, 4) and channels in (1, 3):
        colour = _over_white(colour, opacity)
    elif present in (1, 3):
        opacity = np.full_like(opacity, _full(image))
    colour = _to_grey(colour) if channels < 3 else np.broadcast_to(colour, (*colour.shape[:-1], 3))
    parts = [colour, opacity] if channels in (2, 4) else [colour]
    return np.concatenate(parts, axis=-1)


def _full(image: np.ndarray) -> float:
    return 1.0 if image.dtype.kind == "f" else float(np.iinfo(image.dtype).max)


def _over_white(colour: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    if colour.dtype.kind == "f":
        raise ConfigError(
            "data.channels: the images are floats with an opacity, which cannot be dropped "
            "because its unit is unknown; leave the field null or convert the images first."
        )
    white = _full(colour)
    share = opacity.astype(np.float64) / white
    return _in_dtype(colour * share + white * (1.0 - share), colour.dtype)


def _to_grey(colour: np.ndarray) -> np.ndarray:
    if colour.shape[-1] == 1:
        return colour
    return _in_dtype((colour @ _LUMINANCE)[..., np.newaxis], colour.dtype)


def _in_dtype(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Floats in a dtype: integers rounded and clipped to what it can hold."""
    if dtype.kind == "f":
        return values.astype(dtype)
    return np.clip(np.rint(values), 0, np.iinfo(dtype).max).astype(dtype)


# ---- Size ----------------------------------------------------------------------------------------


def to_size(image: np.ndarray, height: int, width: int, *, policy: str) -> np.ndarray:
    """Resizes with antialiasing.

    Args:
        image: [h, w, c] of uint8, uint16 or float32.
        height: of the result.
        width: of the result.
        policy: how another aspect is met. "crop" keeps the largest centred box of the wanted
            aspect, "pad" keeps all and fills the border with the darkest value (0, or the image's
            own minimum where it is float), "stretch" gives the aspect up.

    Returns:
        [height, width, c] of the dtype of `image`; the image itself where it has that size.
    """
    present_height, present_width, _ = image.shape
    if (present_height, present_width) == (height, width):
        return image
    if policy == "stretch":
        return _resample(image, height, width, (0.0, 0.0, present_width, present_height))
    if policy == "crop":
        box = _centred_box(present_height, present_width, height / width)
        return _resample(image, height, width, box)
    return _pad(image, height, width)


def map_to_size(labels: np.ndarray, height: int, width: int, *, policy: str) -> np.ndarray:
    """A label map uint8 [h, w, 1] resized as `to_size` does, each pixel of the nearest one's class.

    What "pad" fills is of the first class.
    """
    present_height, present_width, _ = labels.shape
    box = (0.0, 0.0, float(present_width), float(present_height))
    if policy == "crop":
        box = _centred_box(present_height, present_width, height / width)
    if policy == "pad":
        scale = max(present_height / height, present_width / width)
        down, across = height * scale, width * scale
        left, top = (across - present_width) / 2, (down - present_height) / 2
        box = (-left, -top, across - left, down - top)
    rows = _nearest(box[1], box[3], height, present_height)
    columns = _nearest(box[0], box[2], width, present_width)
    known = (rows >= 0)[:, np.newaxis] & (columns >= 0)[np.newaxis]
    return np.where(known[..., np.newaxis], labels[rows][:, columns], 0).astype(labels.dtype)


def _nearest(low: float, high: float, count: int, present: int) -> np.ndarray:
    """The pixels in which the middles of `count` equal parts lie; -1 for those outside."""
    middles = low + (np.arange(count) + 0.5) * (high - low) / count
    places = np.floor(middles).astype(np.int64)
    return np.where((places >= 0) & (places < present), places, -1)


def _centred_box(height: int, width: int, aspect: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the largest centred box with height / width = aspect."""
    box_height, box_width = min(height, width * aspect), min(width, height / aspect)
    left, top = (width - box_width) / 2, (height - box_height) / 2
    return left, top, left + box_width, top + box_height


def _pad(image: np.ndarray, height: int, width: int) -> np.ndarray:
    scale = min(height / image.shape[0], width / image.shape[1])
    inner_height = min(height, max(1, round(image.shape[0] * scale)))
    inner_width = min(width, max(1, round(image.shape[1] * scale)))
    inner = to_size(image, inner_height, inner_width, policy="stretch")
    darkest = image.min() if image.dtype.kind == "f" else 0
    padded = np.full((height, width, image.shape[-1]), darkest, image.dtype)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    padded[top : top + inner_height, left : left + inner_width] = inner
    return padded


def _resample(
    image: np.ndarray, height: int, width: int, box: tuple[float, float, float, float]
) -> np.ndarray:
    """The box of the image at a new size; Pillow weighs colours by their opacity in uint8."""
    if image.dtype == np.uint8 and image.shape[-1] <= 4:
        pillow = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
        resized = np.asarray(pillow.resize((width, height), _RESAMPLING, box))
        return resized.reshape(height, width, image.shape[-1])
    planes = [
        np.asarray(Image.fromarray(plane).resize((width, height), _RESAMPLING, box))
        for plane in np.moveaxis(image.astype(np.float32), -1, 0)
    ]
    resized = np.stack(planes, axis=-1)
    if image.dtype.kind == "f":
        # Bicubic weights overshoot at edges, and floats have no type that would clip them.
        resized = np.clip(resized, image.min(), image.max())
    return _in_dtype(resized, image.dtype)
