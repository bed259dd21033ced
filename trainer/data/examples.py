"""Random-access examples: what every source becomes, and what is known of them."""

import mmap
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainer.errors import ConfigError
from trainer.fields import Field

# A table: name → array of as many rows as the others have.
Table = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class DataSpec:
    """What the game, the export and a remote client need to know of the data.

    Attributes:
        fields: name → what stands under it in a training example, in stored units; those of all
            tables.
        fingerprint: hexadecimal digest of the training examples' bytes.
        count: number of training examples, in the first table.
    """

    fields: Mapping[str, Field]
    fingerprint: str
    count: int

    @property
    def sample(self) -> Field:
        """The field "sample", or else the first one: what a generator makes."""
        return self.fields[sample_of(self.fields)]

    def field(self, name: str) -> Field:
        """A field that a game plays on.

        Raises:
            ConfigError: when the data has no such field.
        """
        require_field(name, self.fields)
        return self.fields[name]

    @property
    def label_names(self) -> tuple[str, ...]:
        """One name a class; empty where the data has no labels."""
        return self.fields["label"].names if "label" in self.fields else ()

    @property
    def marginal(self) -> tuple[float, ...]:
        """Each class's share of the examples, summing to one; empty where there are no labels."""
        return self.fields["label"].marginal if "label" in self.fields else ()

    @property
    def num_classes(self) -> int:
        """How many classes the labels name."""
        return len(self.label_names)

    @property
    def images(self) -> tuple[str, ...]:
        """Names of the fields that are pictures, or maps or clips of them."""
        return tuple(name for name, field in self.fields.items() if field.has_pixels)

    def describe(self) -> dict[str, Any]:
        """The specification as a JSON object."""
        fields = {name: field.describe() for name, field in self.fields.items()}
        return {"fields": fields, "fingerprint": self.fingerprint, "count": self.count}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "DataSpec":
        """The specification that `describe` described.

        Raises:
            LookupError, TypeError, AttributeError: for a document that is none.
        """
        fields = {name: Field.of(described) for name, described in document["fields"].items()}
        return cls(fields, document["fingerprint"], document["count"])


def require_field(name: str, fields: Collection[str]) -> None:
    """Refuses data without a field that a game plays on.

    Raises:
        ConfigError: naming the fields that there are.
    """
    if name not in fields:
        raise ConfigError(
            f"data.source: its fields are {', '.join(fields)}, and this game needs one called "
            f"{name}; take other data, or a round and a condition for these fields."
        )


@dataclass(frozen=True)
class Examples:
    """Examples by table and field, in memory or memory-mapped, in the data's own units.

    What lies in one row of a table belongs together; tables are drawn apart. No name stands in two
    tables.

    Attributes:
        tables: of arrays [n, *shape]; the first one says how many examples there are.
    """

    tables: tuple[Table, ...]

    def __post_init__(self) -> None:
        names = [name for table in self.tables for name in table]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(
                f"data.source: the field {twice[0]!r} stands in two tables; give each field a name "
                "of its own."
            )

    @classmethod
    def of(cls, **fields: np.ndarray | None) -> "Examples":
        """One table of the fields that are given; those that are None are left out."""
        return cls(({name: array for name, array in fields.items() if array is not None},))

    def __len__(self) -> int:
        return count(self.tables[0])

    def __getitem__(self, name: str) -> np.ndarray:
        """The array of a field."""
        return next(table[name] for table in self.tables if name in table)

    def __contains__(self, name: str) -> bool:
        return any(name in table for table in self.tables)

    def __iter__(self) -> Iterator[str]:
        """The names of the fields of all tables, in order."""
        return (name for table in self.tables for name in table)

    @property
    def samples(self) -> np.ndarray:
        """The field "sample", or else the first one, as `DataSpec.sample` describes it."""
        return self[sample_of(self)]

    @property
    def labels(self) -> np.ndarray | None:
        """The field "label", int64 [n]; None where there is none."""
        return next((table["label"] for table in self.tables if "label" in table), None)


def sample_of(fields: Iterable[str]) -> str:
    """Of names of fields, the one of what is to be made: "sample", or else the first."""
    names = tuple(fields)
    return "sample" if "sample" in names else names[0]


def count(table: Table) -> int:
    """How many rows a table has."""
    return len(next(iter(table.values())))


def read(array: np.ndarray, index: np.ndarray | slice) -> np.ndarray:
    """Rows of a field, in memory.

    A memory-mapped field is read through a mapping of its own, which ends with the call: the pages
    of a large file that is gone through then do not gather in the process.
    """
    # A view of a mapping does not know where in the file it begins.
    if not isinstance(array, np.memmap) or not isinstance(array.base, mmap.mmap):
        return np.asarray(array[index])
    mapped = np.memmap(array.filename, array.dtype, "r", offset=array.offset, shape=array.shape)
    return np.array(mapped[index])


@dataclass(frozen=True)
class Dataset:
    """What `trainer.data.loading.load` returns: training and held-out examples with their spec."""

    train: Examples
    held_out: Examples
    spec: DataSpec

    @property
    def holds_out_alike(self) -> bool:
        """Whether there are held-out examples of the very fields that training examples have."""
        fields = [sorted(table) for table in self.held_out.tables]
        alike = fields == [sorted(table) for table in self.train.tables]
        return alike and all(map(count, self.held_out.tables))
