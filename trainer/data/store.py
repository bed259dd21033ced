"""Random-access storage of what a source yields: in memory, or beyond a size in files on disk.

The files of a source lie in one folder, named by what identifies the source and how it is stored.
The folder is written aside and renamed, so it is whole or absent, and the next run reads it instead
of the source.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from tqdm import tqdm

from trainer.config.experiment import Data
from trainer.data.examples import Examples
from trainer.data.examples import read as read_rows
from trainer.data.holdout import held_out_mask
from trainer.data.reading import Row, Source, Table, check_alike, native
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.files import temporary_folder

_GIB = 2**30
# Bytes hashed at a time, so that a memory-mapped file is never read as a whole.
_CHUNK = 64 * 2**20
# Goes up when the files, or what an image becomes on its way into them, change.
_FORMAT = 2
# The fields that decide which bytes are stored, beyond the source's own identity.
_POLICY = {
    "split",
    "holdout_split",
    "holdout_share",
    "size",
    "resize",
    "channels",
    "depth",
    "max_corrupt_share",
}


class Stored(NamedTuple):
    """What came of a source: both parts, and the fingerprint of the training part."""

    train: Examples
    held_out: Examples
    fingerprint: str


def read(source: Source, data: Data) -> Stored:
    """Reads a source once into a random-access store.

    Raises:
        ConfigError: for rows that are not alike, for less than two training examples, and where the
            disk cannot take the files; nothing half-written is left.
    """
    plan = _Plan(tuple(_plan(table, data) for table in source.tables), str(data.source))
    if plan.size <= data.cache_gib * _GIB:
        return _read_into_memory(plan, source)
    entry = _entry(source, data)
    if not _is_whole(entry):
        _write(entry, plan)
    return _open(entry, source)


class _TablePlan(NamedTuple):
    """What is to be stored of a table; every row is to be like the first one."""

    first: Row
    rows: Iterator[tuple[Row | None, str]]
    capacity: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.capacity.values())

    @property
    def size(self) -> int:
        """Bytes of all fields."""
        return self.total * sum(value.nbytes for value in self.first.fields.values())


class _Plan(NamedTuple):
    """What is to be stored."""

    tables: tuple[_TablePlan, ...]
    origin: str

    @property
    def size(self) -> int:
        """Bytes of all tables."""
        return sum(table.size for table in self.tables)


def _plan(table: Table, data: Data) -> _TablePlan:
    if table.held_out is not None:
        capacity = {"train": table.train.count, "held_out": table.held_out.count}
    else:
        held_out = int(_mask(table, data).sum())
        capacity = {"train": table.train.count - held_out, "held_out": held_out}
    rows = _assigned(table, data)
    first = next((pair for pair in rows if pair[0] is not None), None)
    if first is None or first[0] is None:
        raise ConfigError(f"data.source: {data.source} has no readable example; give other data.")
    return _TablePlan(first[0], chain([first], rows), capacity)


def _mask(table: Table, data: Data) -> np.ndarray:
    """Which training rows are set aside, bool [count]."""
    return held_out_mask(table.train.count, data.holdout_share, table.labels)


def _assigned(table: Table, data: Data) -> Iterator[tuple[Row | None, str]]:
    """Every row with the name of the part that it belongs to."""
    if table.held_out is None:
        mask = _mask(table, data).tolist()
        for row, held_out in zip(table.train.rows, mask, strict=True):
            yield _native(row), "held_out" if held_out else "train"
    else:
        yield from ((_native(row), "train") for row in table.train.rows)
        yield from ((_native(row), "held_out") for row in table.held_out.rows)


def _native(row: Row | None) -> Row | None:
    if row is None:
        return None
    return Row({name: native(value) for name, value in row.fields.items()}, row.origin)


class _Sink(Protocol):
    """Where the values of one field of one part go."""

    def add(self, value: np.ndarray) -> None:
        """Takes the next value."""


# Part → field → where it goes.
_Sinks = Mapping[str, Mapping[str, _Sink]]


def _fill(table: _TablePlan, origin: str, sinks: _Sinks) -> dict[str, int]:
    """Pours the rows into the sinks of their parts; how many each part got."""
    counts = dict.fromkeys(sinks, 0)
    # Shown on a terminal only, and only if the reading takes longer than a second.
    # Without a delay: a bar that a log line brings up before it is due would never be cleared.
    progress = tqdm(table.rows, f"Reading {origin}", table.total, disable=None, leave=False)
    for row, part in progress:
        if row is None:
            continue
        check_alike(table.first, row)
        for name, sink in sinks[part].items():
            sink.add(row.fields[name])
        counts[part] += 1
    if counts["train"] < 2:
        raise ConfigError(
            f"data.source: {origin} has {counts['train']} training examples, and at least 2 are "
            "needed; give more data or a smaller data.holdout_share."
        )
    return counts


def _examples(tables: Sequence[Mapping[str, np.ndarray]], fields: Mapping[str, Field]) -> Examples:
    """A part's examples; a label of -1 anywhere in it means that the part has no labels."""

    def is_known(name: str, array: np.ndarray) -> bool:
        return name not in fields or fields[name].kind != "label" or bool((array >= 0).all())

    return Examples(
        tuple({n: array for n, array in t.items() if is_known(n, array)} for t in tables)
    )


def fingerprint(examples: Examples) -> str:
    """SHA-256 of the examples: every field's bytes in order, and shape and dtype of most.

    Numbers that stand for themselves, as labels do, are hashed without their shape and dtype.
    """
    digest = hashlib.sha256()
    for array in (examples[name] for name in examples):
        if array.ndim > 1:
            digest.update(f"{array.shape} {array.dtype.name}".encode())
        rows = max(1, _CHUNK // max(1, array[:1].nbytes))
        for start in range(0, len(array), rows):
            digest.update(read_rows(array, slice(start, start + rows)).tobytes())
    return digest.hexdigest()


# ---- In memory -----------------------------------------------------------------------------------


class _Memory:
    """An array in memory of the rows that may come."""

    def __init__(self, capacity: int, like: np.ndarray) -> None:
        self._array = np.empty((capacity, *like.shape), like.dtype)
        self._count = 0

    def add(self, value: np.ndarray) -> None:
        self._array[self._count] = value
        self._count += 1

    @property
    def values(self) -> np.ndarray:
        return self._array[: self._count]


def _read_into_memory(plan: _Plan, source: Source) -> Stored:
    tables = [_table_in_memory(table, plan.origin) for table in plan.tables]
    train, held_out = (
        _examples([table[part] for table in tables], source.fields)
        for part in ("train", "held_out")
    )
    return Stored(train, held_out, fingerprint(train))


def _table_in_memory(table: _TablePlan, origin: str) -> dict[str, dict[str, np.ndarray]]:
    """Part → field → array."""
    sinks = {
        part: {name: _Memory(count, value) for name, value in table.first.fields.items()}
        for part, count in table.capacity.items()
    }
    _fill(table, origin, sinks)
    return {
        part: {name: memory.values for name, memory in fields.items()}
        for part, fields in sinks.items()
    }


# ---- On disk -------------------------------------------------------------------------------------


class _File:
    """A file of the rows' bytes, one after the other."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def add(self, value: np.ndarray) -> None:
        self._file.write(value.tobytes())

    def close(self) -> None:
        # On disk before the folder is renamed, or a power cut could leave a name without bytes.
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def _entry(source: Source, data: Data) -> Path:
    """The folder that holds, or is to hold, what is stored of a source."""
    cache = Path(data.cache_dir or "~/.cache/saddlepoint").expanduser()
    policy = data.model_dump(mode="json", include=_POLICY)
    identity = json.dumps([_FORMAT, source.identity, policy], sort_keys=True)
    return cache / hashlib.sha256(identity.encode()).hexdigest()[:32]


def _is_whole(entry: Path) -> bool:
    """Whether the entry is there with all its bytes."""
    try:
        about = json.loads((entry / "about.json").read_text("utf-8"))
        return all((entry / name).stat().st_size == size for name, size in about["files"].items())
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _write(entry: Path, plan: _Plan) -> None:
    """Writes the entry aside and renames it.

    Raises:
        ConfigError: where the disk cannot take it.
    """
    try:
        with temporary_folder(entry.parent) as aside:
            if shutil.disk_usage(aside).free < plan.size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            _write_files(aside, plan)
            _publish(aside, entry)
    except OSError as error:
        raise ConfigError(
            f"data.cache_dir: {entry.parent} cannot take the {plan.size / _GIB:.2f} GiB of "
            f"{plan.origin} ({error.strerror or error}); free space there, set another folder, or "
            "raise data.cache_gib to keep the data in memory."
        ) from error


def _write_files(folder: Path, plan: _Plan) -> None:
    tables = [_write_table(folder, table, plan.origin) for table in plan.tables]
    about = {
        "tables": tables,
        "files": {file.name: file.stat().st_size for file in folder.iterdir()},
    }
    train = Examples(tuple(_map_table(folder, table, "train") for table in tables))
    about["fingerprint"] = fingerprint(train)
    (folder / "about.json").write_text(json.dumps(about), "utf-8")


def _write_table(folder: Path, table: _TablePlan, origin: str) -> dict[str, Any]:
    """Writes a file for each field of each part; what about.json has to say of them."""
    fields = table.first.fields
    sinks = {part: {n: _File(folder / f"{part}.{n}") for n in fields} for part in table.capacity}
    try:
        counts = _fill(table, origin, sinks)
    finally:
        for sink in (sink for part in sinks.values() for sink in part.values()):
            sink.close()
    kinds = {name: [list(value.shape), value.dtype.name] for name, value in fields.items()}
    return {"counts": counts, "fields": kinds}


def _publish(aside: Path, entry: Path) -> None:
    """Renames the finished folder; one that is there and whole is another process's equal work."""
    if not _is_whole(entry):
        shutil.rmtree(entry, ignore_errors=True)
    try:
        aside.rename(entry)
    except OSError:
        if not _is_whole(entry):
            raise


def _open(entry: Path, source: Source) -> Stored:
    about = json.loads((entry / "about.json").read_text("utf-8"))
    train, held_out = (
        _examples([_map_table(entry, table, part) for table in about["tables"]], source.fields)
        for part in ("train", "held_out")
    )
    return Stored(train, held_out, about["fingerprint"])


def _map_table(folder: Path, about: Mapping[str, Any], part: str) -> dict[str, np.ndarray]:
    """The fields of one part of a table: memory-mapped, or in memory where they are one number."""
    count = about["counts"][part]
    return {
        name: _map(folder / f"{part}.{name}", (count, *shape), dtype)
        for name, (shape, dtype) in about["fields"].items()
    }


def _map(file: Path, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    if len(shape) == 1:
        return np.fromfile(file, dtype)
    # An empty file cannot be mapped.
    return np.memmap(file, dtype, "r", shape=shape) if shape[0] else np.empty(shape, dtype)
