"""What a source is to the store: rows that can be read once, and what identifies them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from trainer.config.experiment import Data
from trainer.data.images import conform
from trainer.errors import ConfigError

STORED_DTYPES = ("uint8", "uint16", "float32")


class Row(NamedTuple):
    """One example as read.

    Attributes:
        sample: [h, w, c] or [d] of uint8, uint16 or float32.
        label: its class; -1 where it has none.
        origin: where it was read, for messages.
    """

    sample: np.ndarray
    label: int
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


@dataclass(frozen=True)
class Source:
    """A source, opened but not yet read.

    Attributes:
        train: the training examples; where there is no held-out part, a share of them is held out.
        held_out: the held-out examples, where the source has a split for them.
        label_names: one name a class; empty where the rows have no labels.
        value_range: of float data, where the source knows it.
        identity: JSON values that change when the source's bytes do.
    """

    train: Part
    held_out: Part | None = None
    label_names: tuple[str, ...] = ()
    value_range: tuple[float, float] | None = None
    identity: dict[str, object] = field(default_factory=dict)


def rows_of(samples: np.ndarray, labels: np.ndarray | None, origin: str, data: Data) -> Part:
    """The rows of arrays in memory: images [n, h, w, c] or points [n, d], and int labels [n]."""

    def rows() -> Iterator[Row]:
        numbers = np.full(len(samples), -1) if labels is None else labels
        for index, (sample, label) in enumerate(zip(samples, numbers.tolist(), strict=True)):
            image_or_point = conform(sample, data) if sample.ndim == 3 else sample
            yield Row(image_or_point, label, f"{origin} row {index}")

    return Part(rows(), len(samples))


def as_stored(array: np.ndarray, origin: str) -> np.ndarray:
    """The array as uint8, uint16 or float32, which other floats become.

    Raises:
        ConfigError: for any other dtype.
    """
    if array.dtype.name in STORED_DTYPES:
        return array
    if array.dtype.kind == "f":
        # A number beyond float32 becomes infinite, which the readers of float data refuse.
        with np.errstate(over="ignore"):
            return array.astype(np.float32)
    raise ConfigError(
        f"data.source: {origin} holds {array.dtype.name} values; convert them to uint8, uint16 or "
        "float32 first."
    )


def check_alike(first: Row, row: Row) -> None:
    """Refuses a row of another shape or dtype than the first one.

    Raises:
        ConfigError: naming both rows and the field that makes them alike.
    """
    if row.sample.shape == first.sample.shape and row.sample.dtype == first.sample.dtype:
        return
    raise ConfigError(
        f"{_remedy(first.sample, row.sample)} ({first.origin}: {_described(first.sample)}; "
        f"{row.origin}: {_described(row.sample)})."
    )


def _remedy(first: np.ndarray, other: np.ndarray) -> str:
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
    return "data.source: the images have different depths; convert them all to one"


def _described(sample: np.ndarray) -> str:
    return f"{'x'.join(str(side) for side in sample.shape)} {sample.dtype.name}"
