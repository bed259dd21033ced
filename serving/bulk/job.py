"""Everything that decides the bytes of an output, and its division into shards."""

import math
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from serving.bulk import runs
from serving.bulk.formats import Content
from serving.bulk.plans import Columns, Plan, plan_of
from serving.errors import UsageError
from serving.fields import STRING

FORMAT_VERSION = 6

SHARD_DIGITS = 5
_ID_DIGITS = 8
# Shards of a thousand samples, and no more than 16 384 of them until they reach 256 MiB.
_SMALLEST_SHARD = 1024
_LARGEST_SHARD_BYTES = 2**28
_TEXT_BYTES = 256  # that a text may have
_OPEN_SIDE = 1024  # of a picture, where sides differ


@dataclass(frozen=True)
class Job:
    """What an output is; it is resumed only by an equal one.

    Attributes:
        plan: document of the plan: which samples, by which seeds and conditions.
        format: of the files.
        compression: within the format.
        rows_per_shard: samples per shard.
        internal_batch: rows of every call of the model, the last one padded.
        signature: the one that makes the samples.
        sample: what they are: `output`, `shape` (None for sides that differ), `dtype`; of a column
            of a table also its `place` among the columns.
        columns: what is written beside each sample, to its dtype.
        shapes: of those columns that are arrays.
        label_names: what the labels are called, empty without labels.
        model_version: of the export.
        model_fingerprint: of its files.
        tiling: of large pictures, as `Tiling` has it; None where they go through whole.
    """

    plan: dict[str, Any]
    format: str
    compression: str
    rows_per_shard: int
    internal_batch: int
    signature: str
    sample: dict[str, Any]
    columns: dict[str, str]
    shapes: dict[str, list[int]]
    label_names: list[str]
    model_version: int
    model_fingerprint: str
    tiling: dict[str, int] | None = None
    format_version: int = FORMAT_VERSION

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Job":
        """The job in a manifest or in the plan of a run under way.

        Raises:
            UsageError: the document is of another version of this program, or damaged.
        """
        version = document.get("format_version")
        if version != FORMAT_VERSION:
            raise UsageError(
                f"out: the run was written in format {version!r}, this version reads "
                f"{FORMAT_VERSION}; use the version that wrote it, or a new folder."
            )
        if missing := [name for name in cls.__dataclass_fields__ if name not in document]:
            raise UsageError(
                f"out: the record of the run is damaged, {missing[0]!r} is missing; pass a new "
                "folder."
            )
        return cls(**{name: document[name] for name in cls.__dataclass_fields__})

    def document(self) -> dict[str, Any]:
        """The job as a JSON object."""
        return asdict(self)

    @property
    def drawn(self) -> Plan:
        """The plan."""
        return plan_of(self.plan)

    @property
    def content(self) -> Content:
        """What formats are told of the samples."""
        return Content(
            output=self.sample["output"],
            shape=tuple(self.sample["shape"]),
            dtype=self.sample["dtype"],
            label_names=tuple(self.label_names),
            columns=self.columns,
            id_digits=max(_ID_DIGITS, len(str(self.drawn.count - 1))),
            named_by=(self.plan.get("details") or {}).get("named_by"),
            shapes={name: tuple(shape) for name, shape in self.shapes.items()},
            place=self.sample.get("place"),
        )


@dataclass(frozen=True)
class ShardSpec:
    """One shard, as a value that travels to any worker.

    Attributes:
        shard: its number.
        num_shards: how many there are.
        first: the id of its first sample.
        count: how many samples it has.
        columns: the inputs of its samples, packed by `runs.pack`; None where the plan computes
            them from the ids.
    """

    shard: int
    num_shards: int
    first: int
    count: int
    columns: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """Such as "00002-of-00010"."""
        return f"{self.shard:0{SHARD_DIGITS}d}-of-{self.num_shards:0{SHARD_DIGITS}d}"

    def inputs(self, plan: Plan) -> Columns:
        """The inputs of all samples of this shard."""
        if self.columns is None:
            return plan.columns(self.first, self.count)
        return {name: runs.unpack(packed) for name, packed in self.columns.items()}


@dataclass(frozen=True)
class WorkerConfig:
    """All that a worker needs beside what its shards are, as a value that travels.

    Attributes:
        model_dir: the folder with the numbered exports.
        out: the folder to write to.
        job: document of the job.
        classifier: the SavedModel that judges samples, or None.
        folder: where the files lie that the plan names, or None.
        run: the name of this start, which tells its records from those of earlier ones.
    """

    model_dir: str
    out: str
    job: dict[str, Any]
    classifier: str | None = None
    folder: str | None = None
    run: str = field(default_factory=lambda: uuid.uuid4().hex)


def divide(job: Job, table: Columns | None = None) -> list[ShardSpec]:
    """Returns the shards of a job, in order.

    Args:
        job: the job.
        table: the inputs of all samples, for a plan that reads them from a file.
    """
    count, size = job.drawn.count, job.rows_per_shard
    num_shards = -(-count // size)
    rows = []
    for shard, first in enumerate(range(0, count, size)):
        rows_here = min(size, count - first)
        columns = None
        if table is not None:
            part = slice(first, first + rows_here)
            columns = {name: runs.pack(column[part]) for name, column in table.items()}
        rows.append(ShardSpec(shard, num_shards, first, rows_here, columns))
    return rows


def rows_per_shard(asked: int | None, count: int, shape: list[int | None], dtype: str) -> int:
    """Returns how many samples a shard has: what was asked for, or by the size of the whole.

    Raises:
        UsageError: none, or so few that shards have more digits than their names.
    """
    if asked is not None and asked < 1:
        raise UsageError(f"rows_per_shard: received {asked}; expected 1 or more.")
    size = asked or _default_rows(count, _bytes(shape, dtype))
    num_shards, most = -(-count // size), 10**SHARD_DIGITS - 1
    if num_shards > most:
        raise UsageError(
            f"rows_per_shard: {count} samples in shards of {size} are {num_shards} shards, and a "
            f"shard's name has {SHARD_DIGITS} digits; pass {-(-count // most)} or more, or "
            "several outputs with seeds that follow each other."
        )
    return size


def _bytes(shape: list[int | None], dtype: str) -> int:
    sides = (_OPEN_SIDE if side is None else side for side in shape)
    return _TEXT_BYTES if dtype == STRING else math.prod(sides) * np.dtype(dtype).itemsize


def _default_rows(count: int, sample_bytes: int) -> int:
    largest = max(
        _SMALLEST_SHARD, 1 << (_LARGEST_SHARD_BYTES // sample_bytes or 1).bit_length() - 1
    )
    wanted = 1 << (-(-count // 16_384) - 1).bit_length()
    return min(max(_SMALLEST_SHARD, wanted), largest)
