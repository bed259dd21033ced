"""File formats: a shard's samples become one file or several, and are read back from them.

Each is a module with a `FORMAT`. Writers take samples batch by batch, so that memory does not grow
with the shard, and write nothing that depends on time, place or user.
"""

import hashlib
import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from serving.clips import is_animation
from serving.errors import UsageError
from serving.fields import STRING
from serving.pictures import is_png

# Names to modules: a format's library is imported when it is used.
NAMES = ("png", "npz", "tfrecord", "array_record", "webdataset", "parquet", "csv", "fasta", "smi")
NO_COMPRESSION = "none"
SPLIT = "train"  # the one split of a generated data set


@dataclass(frozen=True)
class Content:
    """What the samples of a job are.

    Attributes:
        output: "image" or "sample", "smiles" of molecules, or a text's or column's name.
        shape: of one sample; None for sides that differ.
        dtype: of its numbers.
        label_names: what labels are called; as many as there are classes, empty without labels.
        columns: what is written beside each sample, such as "seed", to its dtype.
        id_digits: of the ids that name single files.
        named_by: the column of files whose names single files keep; None for ids.
        shapes: of those columns that are arrays, such as the "latent" beside a picture.
        place: of the output among the columns, where it is one of a table; None behind them.
    """

    output: str
    shape: tuple[int | None, ...]
    dtype: str
    label_names: tuple[str, ...]
    columns: Mapping[str, str]
    id_digits: int
    named_by: str | None = None
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    place: int | None = None

    @property
    def names(self) -> list[str]:
        """The output and all columns in the order in which tables have them."""
        names = list(self.columns)
        names.insert(len(names) if self.place is None else self.place, self.output)
        return names

    @property
    def is_png(self) -> bool:
        """Whether a sample is a picture that can be a PNG file."""
        return is_png(self.dtype, self.shape)

    @property
    def is_animation(self) -> bool:
        """Whether a sample is a clip that can be an animated PNG file."""
        return is_animation(self.dtype, self.shape)

    @property
    def fits_png_files(self) -> bool:
        """Whether a sample can be a PNG file at all."""
        return self.is_png or self.is_animation

    @property
    def are_molecules(self) -> bool:
        """Whether samples are molecules as SMILES."""
        return self.output == "smiles" and self.dtype == STRING

    @property
    def is_single(self) -> bool:
        """Whether a sample is one number or one text."""
        return self.shape == ()


@dataclass(frozen=True)
class Samples:
    """Consecutive samples of a shard.

    Attributes:
        first: the id of the first one.
        values: [n, *shape].
        columns: [n] each, such as "seed" and "label"; [n, …] of those that are arrays.
    """

    first: int
    values: np.ndarray
    columns: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Shard:
    """What a writer is told of the shard it writes.

    Attributes:
        name: such as "00002-of-00010".
        count: how many samples it has.
        scratch: the local folder to write to.
        compression: one of the format's.
        content: what the samples are.
    """

    name: str
    count: int
    scratch: str
    compression: str
    content: Content


@dataclass(frozen=True)
class File:
    """A file in the scratch folder, and the name below the output that awaits it."""

    local: str
    name: str


@dataclass(frozen=True)
class Written:
    """What has been written.

    Attributes:
        files: in the order of their samples.
        bytes: of all of them.
        sha256: over their contents, in that order.
        crc32: of each where there are several, so that a second look can tell which one changed;
            eight hex digits a file.
    """

    files: Sequence[File]
    bytes: int
    sha256: str
    crc32: str = ""

    @classmethod
    def read(cls, file: File) -> "Written":
        """One file, read again: a writer that goes back to its head cannot sum it up on the way."""
        with open(file.local, "rb") as content:
            digest = hashlib.file_digest(content, "sha256")
        return cls([file], os.path.getsize(file.local), digest.hexdigest())


class Writer(Protocol):
    """Writes one shard."""

    def add(self, samples: Samples) -> None:
        """Takes the next samples."""

    def close(self) -> Written:
        """Finishes the files and returns them."""

    def abandon(self) -> None:
        """Closes what is open after a failure; the scratch folder goes away with its files."""


@dataclass(frozen=True)
class Format:
    """One file format.

    Attributes:
        name: as `--format` takes it.
        compressions: those it has, the default first.
        open: starts to write a shard.
        read: the samples of a shard from its local files, in order: "image" or "sample" and
            columns.
        extra: the Python package that it needs beyond Saddlepoint's own, or None.
        pictures_only: whether it takes nothing but PNG images, which may be animated.
        molecules_only: whether it takes nothing but molecules as SMILES.
        singles_only: whether it takes nothing but single numbers and texts.
        keeps_texts: whether a sample may be a text.
        keeps_arrays: whether columns may be arrays.
        keeps_sizes: whether samples may have different sizes.
        describe: texts that belong beside the shards, by their names, or None.
    """

    name: str
    compressions: tuple[str, ...]
    open: Callable[[Shard], Writer]
    read: Callable[[Sequence[str], Content], dict[str, np.ndarray]]
    extra: str | None = None
    pictures_only: bool = False
    molecules_only: bool = False
    singles_only: bool = False
    keeps_texts: bool = False
    keeps_arrays: bool = True
    keeps_sizes: bool = False
    describe: Callable[[Content, Sequence[Mapping[str, Any]], str], dict[str, str]] | None = None


def default(content: Content) -> str:
    """Returns the name of the format that suits what the samples are."""
    if content.are_molecules:
        return "smi"
    if content.is_single:
        return "csv"
    return "png" if content.fits_png_files else "npz"


def get(name: str) -> Format:
    """Returns the format called `name`.

    Raises:
        UsageError: there is none, or its package is not installed.
    """
    if name not in NAMES:
        raise UsageError(f"format: received {name!r}; expected one of {', '.join(NAMES)}.")
    module = importlib.import_module(f"serving.bulk.formats.{name}")
    found: Format = module.FORMAT
    if found.extra is not None:
        try:
            importlib.import_module(found.extra)
        except ImportError as error:
            raise UsageError(
                f"format: {name!r} needs the package {found.extra!r}, which is not installed; "
                "pip install 'saddlepoint[batch]'."
            ) from error
    return found


def check(format: Format, content: Content, compression: str | None) -> str:
    """Returns the compression to use.

    Raises:
        UsageError: the format does not have `compression`, or cannot hold such samples.
    """
    if format.pictures_only and not content.fits_png_files:
        raise UsageError(
            "format: the samples of this model are no PNG images "
            f"({content.dtype} {list(content.shape)}); use 'npz'."
        )
    if format.molecules_only and not content.are_molecules:
        raise UsageError(
            f"format: {format.name!r} holds molecules, and the samples of this model are none; "
            f"use {default(content)!r}."
        )
    if format.singles_only and not content.is_single:
        raise UsageError(
            f"format: {format.name!r} holds one number or text a sample, and these have the shape "
            f"{list(content.shape)}; use 'npz'."
        )
    if None in content.shape and not format.keeps_sizes:
        raise UsageError(
            f"format: {format.name!r} holds samples of one size, and the files have several; use "
            "'png'."
        )
    if content.dtype == STRING and not format.keeps_texts:
        raise UsageError(f"format: {format.name!r} holds no texts; use 'csv' or 'parquet'.")
    if compression is None:
        return format.compressions[0]
    if compression not in format.compressions:
        raise UsageError(
            f"compression: {format.name} has {', '.join(format.compressions)}; "
            f"received {compression!r}."
        )
    return compression


def as_rows(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays as [n, …] where they are of one shape, else as [n] objects."""
    if len({array.shape for array in arrays}) == 1:
        return np.stack(arrays)
    rows = np.empty(len(arrays), object)
    rows[:] = arrays
    return rows


def joined(rows: Sequence[Mapping[str, Any]], content: Content) -> dict[str, np.ndarray]:
    """Rows, each with a sample and its columns, as one array of each."""
    arrays: dict[str, np.ndarray] = {
        content.output: np.stack([row[content.output] for row in rows]).astype(content.dtype)
    }
    for name, dtype in content.columns.items():
        arrays[name] = np.array([row[name] for row in rows], object if dtype == "string" else dtype)
    return arrays
