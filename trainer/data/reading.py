"""What a source is to the store: tables of rows that can be read once, and what identifies them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trainer.catalogue import Component, resolve
from trainer.config.experiment import Data
from trainer.data.examples import Dataset
from trainer.data.images import conform
from trainer.errors import ConfigError
from trainer.fields import Field

# What samples may be, as sources read them.
STORED_DTYPES = ("uint8", "uint16", "float32")
# Lines that a message names.
_SHOWN = 3


class Row(NamedTuple):
    """One example as read.

    Attributes:
        fields: name → value of any shape; images [h, w, c], clips [t, h, w, c] and points [d] of
            uint8, uint16 or float32, labels int64 [] (-1 for a class that is not known).
        origin: where it was read, for messages.
    """

    fields: Mapping[str, np.ndarray]
    origin: str


@dataclass(frozen=True)
class Part:
    """Rows in their lasting order.

    Attributes:
        rows: `count` of them; None in the place of one that could not be read.
        count: how many there are.
    """

    rows: Iterable[Row | None]
    count: int

    def mapped(self, function: Callable[[Row], Row]) -> "Part":
        """The rows that a function makes of these ones."""
        return Part((None if row is None else function(row) for row in self.rows), self.count)


@dataclass(frozen=True)
class Table:
    """Rows of the same fields, which are drawn apart from those of other tables.

    Attributes:
        train: the training examples; where there is no held-out part, a share of them is held out.
        held_out: the held-out examples, where the source has a split for them.
        labels: the class of each training row, int64 [count], where it is known before reading.
    """

    train: Part
    held_out: Part | None = None
    labels: np.ndarray | None = None

    def mapped(self, function: Callable[[Row], Row]) -> "Table":
        """The table of the rows that a function makes of these ones, of the same classes."""
        held_out = None if self.held_out is None else self.held_out.mapped(function)
        return Table(self.train.mapped(function), held_out, self.labels)


@dataclass(frozen=True)
class Source:
    """A source, opened but not yet read.

    Attributes:
        tables: what is to be read.
        fields: what the source knows of its fields: their kinds, the names of classes, the range of
            float data. Shapes and dtypes are those of the rows; a field that is not mentioned is an
            image where it has height, width and channels, a clip where it has frames besides, and
            else a vector.
        identity: JSON values that change when the source's bytes do.
        derive: what is to be made of the data when it has been read; None leaves it as it is.
        unreadable: lines or records that were left out, when it was opened, for what they hold.
    """

    tables: tuple[Table, ...]
    fields: Mapping[str, Field] = field(default_factory=dict)
    identity: Mapping[str, object] = field(default_factory=dict)
    derive: Callable[[Dataset], Dataset] | None = None
    unreadable: int = 0


def opened(component: Component, data: Data) -> Source:
    """The source that another one is made of, read as `data` says.

    Raises:
        ConfigError: when it cannot be read.
    """
    source: Source = resolve(component)(data.model_copy(update={"source": component}))
    return source


def labelled(names: tuple[str, ...]) -> dict[str, Field]:
    """The field "label" of classes with these names; nothing where there are none."""
    return {"label": Field((), "int64", "label", names=names)} if names else {}


def rows_of(
    samples: np.ndarray,
    labels: np.ndarray | None,
    origin: str,
    data: Data,
    *,
    first: int = 0,
    others: Mapping[str, np.ndarray] | None = None,
) -> Part:
    """The rows of arrays in memory: images, clips or points, [n, …], and int labels [n].

    Args:
        samples: of a stored dtype.
        labels: None where there are none.
        origin: of the rows, for messages.
        data: says what size and channels images get.
        first: number of the first row in its origin.
        others: further fields by name, as many rows of each.
    """

    def rows() -> Iterator[Row]:
        for index, sample in enumerate(samples):
            image_or_point = conform(sample, data) if sample.ndim == 3 else sample
            fields = {"sample": image_or_point}
            if labels is not None:
                fields["label"] = np.array(labels[index], np.int64)
            fields |= {name: values[index] for name, values in (others or {}).items()}
            yield Row(fields, f"{origin} row {first + index}")

    return Part(rows(), len(samples))


def text_of(path: Path, asked: str, kind: str) -> str:
    """The text of a file in UTF-8; ends of lines are line feeds.

    Args:
        path: of the file.
        asked: what messages call the option that names it.
        kind: of file, as messages have it.

    Raises:
        ConfigError: where it cannot be read, or is no UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{asked}: {path} cannot be read ({error.strerror}); give the path of {kind} on a "
            "local disk."
        ) from error
    return decoded(content, path, asked).replace("\r\n", "\n").replace("\r", "\n")


def decoded(content: bytes, path: Path, asked: str) -> str:
    """The content of a file as text, without a byte order mark.

    Raises:
        ConfigError: where it is no UTF-8, naming the line.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"{asked}: {path} is not UTF-8 text (byte {error.start}, in line {number}); save it "
            "as UTF-8."
        ) from error


def in_lines(numbers: Sequence[int]) -> str:
    """The first lines of some, for messages: "line 7", "lines 3, 5, 8, …"."""
    shown = ", ".join(map(str, numbers[:_SHOWN])) + (", …" if len(numbers) > _SHOWN else "")
    return f"line{'s' if len(numbers) > 1 else ''} {shown}"


def readable(name: str) -> str:
    """A name as text that every file and message can hold: bytes that are no UTF-8 are escaped.

    Python has lone surrogates in the place of such bytes of a file's name, and no encoding has
    those.
    """
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def native(array: np.ndarray) -> np.ndarray:
    """The array in this machine's byte order, without whatever else hangs on a dtype.

    Files hold bytes and the name of a dtype, so nothing may depend on what the name leaves out.
    """
    # Its type names it as well, and is read a tenth as long: this is done row by row.
    return np.asarray(array, np.dtype(array.dtype.type))


def as_stored(array: np.ndarray, origin: str) -> np.ndarray:
    """The array as uint8, uint16 or float32, which other floats become.

    Raises:
        ConfigError: for any other dtype.
    """
    if array.dtype.name in STORED_DTYPES:
        return native(array)
    if array.dtype.kind == "f":
        # A number beyond float32 becomes infinite, which the readers of float data refuse.
        with np.errstate(over="ignore"):
            return array.astype(np.float32)
    raise ConfigError(
        f"data.source: {origin} holds {array.dtype.name} values; convert them to uint8, uint16 or "
        "float32 first."
    )


def check_alike(first: Row, row: Row) -> None:
    """Refuses a row whose fields have another shape or dtype than those of the first one.

    Raises:
        ConfigError: naming both rows and the option that makes them alike.
    """
    if first.fields.keys() != row.fields.keys():
        raise ConfigError(
            f"data.source: {first.origin} has the fields {', '.join(first.fields)}, and "
            f"{row.origin} has {', '.join(row.fields)}; give rows of the same fields."
        )
    for name, value in row.fields.items():
        like = first.fields[name]
        # Equal dtypes have equal names, which numpy takes long to make up.
        alike = value.dtype == like.dtype or value.dtype.name == like.dtype.name
        if value.shape != like.shape or not alike:
            raise ConfigError(
                f"{_remedy(like, value)} ({first.origin}: {_described(like)}; "
                f"{row.origin}: {_described(value)})."
            )


def _remedy(first: np.ndarray, other: np.ndarray) -> str:
    if first.ndim != 3 or other.ndim != 3:
        return "data.source: the examples have different shapes or types; make them alike"
    if first.shape[-1] != other.shape[-1]:
        return (
            "data.channels: received null, but the images have different numbers of channels; set "
            "it to 1 (grey), 3 (RGB) or 4 (RGBA)"
        )
    if first.shape != other.shape:
        return (
            "data.size: received null, but the images have different sizes; set it to "
            "[height, width]"
        )
    if "float32" in (first.dtype.name, other.dtype.name):
        return "data.source: some images are floats; convert them all to one type"
    return "data.depth: received null, but the images have different depths; set it to 8 or 16"


def _described(value: np.ndarray) -> str:
    return f"{'x'.join(str(side) for side in value.shape)} {value.dtype.name}".lstrip()
