"""Arrays as animated PNG files, which lose nothing, and files of moving pictures as arrays."""

import io
import struct
import zlib
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from serving.errors import UsageError
from serving.fields import MASK, Field
from serving.pictures import is_numpy, is_png, pixels_of, read_picture

_MILLISECONDS = 100  # that a frame is shown
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # grey, grey and alpha, RGB, RGBA
_NO_FILTER = 0


def is_animation(dtype: str, shape: tuple[int | None, ...]) -> bool:
    """Returns whether an array of a type and a shape can be an animated PNG file."""
    return len(shape) == 4 and is_png(dtype, shape[1:])


def encode_clips(clips: np.ndarray) -> np.ndarray:
    """Returns an animated PNG file per clip, ten frames a second, which plays for ever.

    Args:
        clips: uint8 [n, t, h, w, c] of 1 to 4 channels, or uint16 of one.

    Returns:
        [n] objects of bytes.

    Reference: Portable Network Graphics, third edition, sections 11.3.6.1 to 11.3.6.3.
    """
    files = np.empty(len(clips), object)
    files[:] = [_encode(clip) for clip in clips]
    return files


def is_moving(content: bytes) -> bool:
    """Returns whether a file is a clip by itself: an array, or a picture of several frames."""
    if is_numpy(content):
        return True
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as opened:
            return getattr(opened, "n_frames", 1) > 1
    except (OSError, ValueError):
        return False


def read_clip(name: str, content: bytes, field: Field) -> np.ndarray:
    """Returns the array of an animated picture (GIF, PNG, WebP) or of NumPy's .npy file.

    Frames are read as `read_picture` reads a picture. A mask of one frame is every frame's.

    Args:
        name: of the file, for sentences.
        content: of the file.
        field: what is wanted, of shape [t, h, w, c].

    Returns:
        [*field.shape] of the field's type.

    Raises:
        UsageError: the file cannot be read, or is not of the field's size and number of frames.
    """
    if is_numpy(content):
        return read_picture(name, content, field)
    from PIL import Image, ImageSequence

    frame = replace(field, shape=field.shape[1:])
    try:
        with Image.open(io.BytesIO(content)) as opened:
            frames = [pixels_of(image.copy(), frame) for image in ImageSequence.Iterator(opened)]
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(f"{name}: the file cannot be read ({error}).") from error
    return _whole(name, frames, field)


def read_frames(name: str, contents: Iterable[bytes], field: Field) -> np.ndarray:
    """Returns the clip whose frames are picture files, as `read_clip` does.

    Raises:
        UsageError: a file cannot be read, or they are not as many as the field has frames.
    """
    frame = replace(field, shape=field.shape[1:])
    frames = [
        read_picture(f"{name}: frame {number}", content, frame)
        for number, content in enumerate(contents)
    ]
    return _whole(name, frames, field)


def _whole(name: str, frames: list[np.ndarray], field: Field) -> np.ndarray:
    wanted = field.shape[0]
    if field.kind == MASK and len(frames) == 1 and wanted:
        frames = frames * wanted
    if wanted not in (None, len(frames)):
        raise UsageError(
            f"{name}: the number of frames is {len(frames)}; this model takes {wanted}."
        )
    if len({frame.shape for frame in frames}) > 1:
        raise UsageError(f"{name}: its frames have different sizes; give frames of one size.")
    return field.check(name, np.stack(frames)[None])[0]


def _encode(clip: np.ndarray) -> bytes:
    """The file of one clip [t, h, w, c]: its first frame is the picture that others show."""
    t, height, width, channels = clip.shape
    header = struct.pack(
        ">IIBBBBB", width, height, 8 * clip.dtype.itemsize, COLOUR_TYPES[channels], 0, 0, 0
    )
    parts = [
        b"\x89PNG\r\n\x1a\n",
        png_chunk(b"IHDR", header),
        png_chunk(b"acTL", struct.pack(">II", t, 0)),
    ]
    number = 0  # of the chunks that are in a sequence
    for place, frame in enumerate(clip):
        shown = struct.pack(">IIIIIHHBB", number, width, height, 0, 0, _MILLISECONDS, 1000, 0, 0)
        parts.append(png_chunk(b"fcTL", shown))
        number += 1
        if place == 0:
            parts.append(png_chunk(b"IDAT", _compressed(frame)))
            continue
        parts.append(png_chunk(b"fdAT", struct.pack(">I", number) + _compressed(frame)))
        number += 1
    return b"".join([*parts, png_chunk(b"IEND", b"")])


def _compressed(frame: np.ndarray) -> bytes:
    rows = np.ascontiguousarray(frame, frame.dtype.newbyteorder(">")).view(np.uint8)
    rows = rows.reshape(len(frame), -1)
    return zlib.compress(np.pad(rows, [(0, 0), (1, 0)], constant_values=_NO_FILTER).tobytes())


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Returns a part of a PNG file, such as b"IDAT"."""
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
