"""A PNG file a sample, animated where it is a clip, in a folder a class where there are labels.

The folders bear the classes' names, so that whoever reads folders as classes has them.
"""

import hashlib
import os
import re
import struct
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from serving.bulk.formats import (
    NO_COMPRESSION,
    Content,
    File,
    Format,
    Samples,
    Shard,
    Written,
    as_rows,
)
from serving.clips import COLOUR_TYPES, encode_clips, png_chunk, read_clip
from serving.fields import CLIP, Field
from serving.pictures import is_called_picture

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# What some file system takes for something else: separators, wildcards, devices, hidden files.
_NO_FOLDER = re.compile(
    r"""[. ].*|.*[. ]|.*[\x00-\x1f\x7f/\\:*?"<>|].*|(con|prn|aux|nul|com\d|lpt\d)(\..*)?""",
    re.IGNORECASE | re.DOTALL,
)
_TAKEN = ("manifest.json",)
_MAX_FOLDER_BYTES = 200
_UP = 2
_LEVEL = 1


def encoded(images: np.ndarray) -> Iterator[bytes]:
    """A PNG file of each image, uint8 [n, h, w, c] or uint16 [n, h, w, 1].

    Every row is stored as its difference from the row above. Pillow tries five such filters on
    every row, which takes three to four times as long for files as large.

    Reference: Portable Network Graphics, third edition, sections 9 and 11.
    """
    number, height, width, channels = images.shape
    bits, colour = 8 * images.dtype.itemsize, COLOUR_TYPES[channels]
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    head, tail = _SIGNATURE + png_chunk(b"IHDR", header), png_chunk(b"IEND", b"")
    pixels = np.ascontiguousarray(images, images.dtype.newbyteorder(">")).view(np.uint8)
    pixels = pixels.reshape(number, height, width * channels * images.dtype.itemsize)
    rows = np.empty((number, height, 1 + pixels.shape[2]), np.uint8)
    rows[..., 0] = _UP
    rows[:, 0, 1:] = pixels[:, 0]
    np.subtract(pixels[:, 1:], pixels[:, :-1], out=rows[:, 1:, 1:])
    for image in rows:
        yield head + png_chunk(b"IDAT", zlib.compress(image.data, _LEVEL)) + tail


def class_folders(label_names: Sequence[str]) -> list[str]:
    """Returns the folder of each class: its name, or all their numbers if a name cannot be one.

    Names must differ in more than their case, which some file systems do not keep.
    """
    distinct = {unicodedata.normalize("NFC", name).casefold() for name in label_names}
    if len(distinct) == len(label_names) and all(map(_is_folder, label_names)):
        return list(label_names)
    return [str(number) for number in range(len(label_names))]


def _is_folder(name: str) -> bool:
    size = len(name.encode(errors="replace"))
    is_text = name.encode(errors="ignore") == name.encode(errors="replace")
    fits = is_text and 0 < size <= _MAX_FOLDER_BYTES
    return fits and not _NO_FOLDER.fullmatch(name) and name.casefold() not in _TAKEN


def decode(file: object) -> np.ndarray:
    """Returns the image [h, w, c] of a path or an open file."""
    pixels = np.asarray(Image.open(file))  # type: ignore[arg-type]
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _clip_reader(content: Content) -> Callable[[str], np.ndarray]:
    field = Field(content.shape, content.dtype, CLIP)
    return lambda path: read_clip(path, Path(path).read_bytes(), field)


def png_name(name: str) -> str:
    """Returns the name of the PNG file that is made from the file or folder `name`."""
    stem = os.path.splitext(name)[0] if is_called_picture(name) else name
    return f"{stem}.png"


class _Writer:
    """Sums the files up as they are written: to read so many again takes longer."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._folders = class_folders(shard.content.label_names)
        self._files: list[File] = []
        self._digest = hashlib.sha256()
        self._crcs: list[str] = []
        self._bytes = 0

    def add(self, samples: Samples) -> None:
        digits, scratch = self._shard.content.id_digits, self._shard.scratch
        names = self._names(samples)
        encode = encode_clips if self._shard.content.is_animation else encoded
        for position, content in enumerate(encode(samples.values)):
            local = f"{scratch}/{samples.first + position:0{digits}d}.png"
            file = File(local, names[position])
            with open(file.local, "wb") as target:
                target.write(content)
            self._digest.update(content)
            self._crcs.append(f"{zlib.crc32(content):08x}")
            self._bytes += len(content)
            self._files.append(file)

    def _names(self, samples: Samples) -> list[str]:
        """Those of the files that the samples were made from, or ids in a folder a class."""
        content = self._shard.content
        if content.named_by is not None:
            return [png_name(name.decode()) for name in samples.columns[content.named_by]]
        labels = samples.columns.get("label")
        folders = [""] * len(samples)
        if labels is not None:
            folders = [f"{self._folders[number]}/" for number in labels.tolist()]
        return [
            f"{folder}{samples.first + position:0{content.id_digits}d}.png"
            for position, folder in enumerate(folders)
        ]

    def close(self) -> Written:
        return Written(self._files, self._bytes, self._digest.hexdigest(), "".join(self._crcs))

    def abandon(self) -> None:
        """Nothing stays open."""


def _read(paths: Sequence[str], content: Content) -> dict[str, np.ndarray]:
    """The images; of the columns only the label is there, as the folder's name."""
    read = _clip_reader(content) if content.is_animation else decode
    arrays = {content.output: as_rows([read(path) for path in paths])}
    if "label" in content.columns and content.named_by is None:
        numbers = {name: n for n, name in enumerate(class_folders(content.label_names))}
        folders = [os.path.basename(os.path.dirname(path)) for path in paths]
        arrays["label"] = np.array([numbers[name] for name in folders], np.int64)
    return arrays


FORMAT = Format(
    *("png", (NO_COMPRESSION,), _Writer, _read),
    pictures_only=True,
    keeps_arrays=False,
    keeps_sizes=True,
)
