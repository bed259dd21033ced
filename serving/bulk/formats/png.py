"""A PNG file a sample, in a folder a class where there are labels."""

import os
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from PIL import Image

from serving.bulk.formats import NO_COMPRESSION, Content, File, Format, Samples, Shard

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # grey, grey and alpha, RGB, RGBA
_UP = 2
_LEVEL = 1


def encode(image: np.ndarray) -> bytes:
    """Returns a PNG file of an image, uint8 [h, w, c] or uint16 [h, w, 1].

    Every row is stored as its difference from the row above. Pillow tries five such filters on
    every row, which takes three to four times as long for files as large.

    Reference: Portable Network Graphics, third edition, sections 9 and 11.
    """
    height, width, channels = image.shape
    pixels = image.astype(image.dtype.newbyteorder(">")).view(np.uint8).reshape(height, -1)
    rows = np.empty((height, 1 + pixels.shape[1]), np.uint8)
    rows[:, 0] = _UP
    rows[0, 1:] = pixels[0]
    np.subtract(pixels[1:], pixels[:-1], out=rows[1:, 1:])
    bits, colour = 8 * image.dtype.itemsize, _COLOUR_TYPES[channels]
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), _LEVEL)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def decode(file: object) -> np.ndarray:
    """Returns the image [h, w, c] of a path or an open file."""
    pixels = np.asarray(Image.open(file))  # type: ignore[arg-type]
    return pixels[..., None] if pixels.ndim == 2 else pixels


class _Writer:
    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._files: list[File] = []

    def add(self, samples: Samples) -> None:
        labels = samples.columns.get("label")
        for position, image in enumerate(samples.values):
            name = f"{samples.first + position:0{self._shard.content.id_digits}d}.png"
            local = os.path.join(self._shard.scratch, name)
            with open(local, "wb") as file:
                file.write(encode(image))
            place = name if labels is None else os.path.join(str(labels[position]), name)
            self._files.append(File(local, place))

    def close(self) -> list[File]:
        return self._files

    def abandon(self) -> None:
        """Nothing stays open."""


def _read(paths: Sequence[str], content: Content) -> dict[str, np.ndarray]:
    """The images; of the columns only the label is there, as the folder's name."""
    arrays = {content.output: np.stack([decode(path) for path in paths])}
    if "label" in content.columns:
        folders = [os.path.basename(os.path.dirname(path)) for path in paths]
        arrays["label"] = np.array(folders).astype(np.int64)
    return arrays


FORMAT = Format("png", (NO_COMPRESSION,), _Writer, _read, pictures_only=True)
