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
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from tqdm import tqdm

from trainer.config.experiment import Data
from trainer.data.examples import Examples
from trainer.data.examples import read as read_rows
from trainer.data.holdout import held_out_mask
from trainer.data.reading import Row, Source, check_alike
from trainer.errors import ConfigError
from trainer.files import folder_aside

_GIB = 2**30
# Bytes hashed at a time, so that a memory-mapped file is never read as a whole.
_CHUNK = 64 * 2**20
# Goes up when the files, or what an image becomes on its way into them, change.
_FORMAT = 1
# The fields that decide which bytes are stored, beyond the source's own identity.
_POLICY = {
    "split",
    "holdout_split",
    "holdout_share",
    "size",
    "resize",
    "channels",
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
    rows = _assigned(source, data.holdout_share)
    first = next((pair for pair in rows if pair[0] is not None), None)
    if first is None or first[0] is None:
        raise ConfigError(f"data.source: {data.source} has no readable example; give other data.")
    plan = _plan(source, data, first[0])
    rows = chain([first], rows)
    if plan.size <= data.cache_gib * _GIB:
        return _read_into_memory(plan, rows)
    entry = _entry(source, data)
    if not _is_whole(entry):
        _write(entry, plan, rows)
    return _open(entry)


class _Plan(NamedTuple):
    """What is to be stored; every row is to be like the first one."""

    first: Row
    capacity: dict[str, int]
    labelled: bool
    origin: str

    @property
    def total(self) -> int:
        return sum(self.capacity.values())

    @property
    def size(self) -> int:
        """Bytes of the samples."""
        return self.total * self.first.sample.nbytes


def _plan(source: Source, data: Data, first: Row) -> _Plan:
    if source.held_out is not None:
        capacity = {"train": source.train.count, "held_out": source.held_out.count}
    else:
        held_out = int(held_out_mask(source.train.count, data.holdout_share).sum())
        capacity = {"train": source.train.count - held_out, "held_out": held_out}
    return _Plan(first, capacity, bool(source.label_names), data.source)


def _assigned(source: Source, share: float) -> Iterator[tuple[Row | None, str]]:
    """Every row with the name of the part that it belongs to."""
    if source.held_out is None:
        mask = held_out_mask(source.train.count, share).tolist()
        for row, held_out in zip(source.train.rows, mask, strict=True):
            yield row, "held_out" if held_out else "train"
    else:
        yield from ((row, "train") for row in source.train.rows)
        yield from ((row, "held_out") for row in source.held_out.rows)


class _Sink(Protocol):
    """Where the samples of one part go."""

    def add(self, sample: np.ndarray) -> None:
        """Takes the next sample."""


def _fill(
    plan: _Plan, rows: Iterator[tuple[Row | None, str]], sinks: dict[str, _Sink]
) -> dict[str, np.ndarray]:
    """Pours the rows into the sinks of their parts; int64 labels of each part, -1 for none."""
    labels: dict[str, list[int]] = {part: [] for part in sinks}
    # Shown on a terminal only, and only if the reading takes longer than a second.
    progress = tqdm(rows, f"Reading {plan.origin}", plan.total, delay=1, disable=None, leave=False)
    for row, part in progress:
        if row is None:
            continue
        check_alike(plan.first, row)
        sinks[part].add(row.sample)
        labels[part].append(row.label)
    if len(labels["train"]) < 2:
        raise ConfigError(
            f"data.source: {plan.origin} has {len(labels['train'])} training examples, and at "
            "least 2 are needed; give more data or a smaller data.holdout_share."
        )
    return {part: np.array(numbers, np.int64) for part, numbers in labels.items()}


def _examples(samples: np.ndarray, labels: np.ndarray, labelled: bool) -> Examples:
    """The part's examples; a label of -1 anywhere means that the part is not labelled."""
    return Examples(samples, labels if labelled and (labels >= 0).all() else None)


def fingerprint(examples: Examples) -> str:
    """SHA-256 of the examples: shape, dtype, and the bytes of samples and labels."""
    samples = examples.samples
    digest = hashlib.sha256(f"{samples.shape} {samples.dtype.name}".encode())
    rows = max(1, _CHUNK // max(1, samples[0].nbytes))
    for start in range(0, len(samples), rows):
        digest.update(read_rows(samples, slice(start, start + rows)).tobytes())
    if examples.labels is not None:
        digest.update(examples.labels.tobytes())
    return digest.hexdigest()


# ---- In memory -----------------------------------------------------------------------------------


class _Memory:
    """An array in memory of the rows that may come."""

    def __init__(self, capacity: int, like: np.ndarray) -> None:
        self._array = np.empty((capacity, *like.shape), like.dtype)
        self._count = 0

    def add(self, sample: np.ndarray) -> None:
        self._array[self._count] = sample
        self._count += 1

    @property
    def samples(self) -> np.ndarray:
        return self._array[: self._count]


def _read_into_memory(plan: _Plan, rows: Iterator[tuple[Row | None, str]]) -> Stored:
    sinks = {part: _Memory(count, plan.first.sample) for part, count in plan.capacity.items()}
    labels = _fill(plan, rows, dict(sinks))
    train, held_out = (
        _examples(sinks[part].samples, labels[part], plan.labelled)
        for part in ("train", "held_out")
    )
    return Stored(train, held_out, fingerprint(train))


# ---- On disk -------------------------------------------------------------------------------------


class _File:
    """A file of the rows' bytes, one after the other."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def add(self, sample: np.ndarray) -> None:
        self._file.write(sample.tobytes())

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


def _write(entry: Path, plan: _Plan, rows: Iterator[tuple[Row | None, str]]) -> None:
    """Writes the entry aside and renames it.

    Raises:
        ConfigError: where the disk cannot take it.
    """
    try:
        with folder_aside(entry.parent) as aside:
            if shutil.disk_usage(aside).free < plan.size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            _write_files(aside, plan, rows)
            _publish(aside, entry)
    except OSError as error:
        raise ConfigError(
            f"data.cache_dir: {entry.parent} cannot take the {plan.size / _GIB:.2f} GiB of "
            f"{plan.origin} ({error.strerror or error}); free space there, set another folder, or "
            "raise data.cache_gib to keep the data in memory."
        ) from error


def _write_files(folder: Path, plan: _Plan, rows: Iterator[tuple[Row | None, str]]) -> None:
    sinks = {part: _File(folder / f"{part}.samples") for part in plan.capacity}
    try:
        labels = _fill(plan, rows, dict(sinks))
    finally:
        for sink in sinks.values():
            sink.close()
    for part, numbers in labels.items():
        (folder / f"{part}.labels").write_bytes(numbers.tobytes())
    about = {
        "shape": plan.first.sample.shape,
        "dtype": plan.first.sample.dtype.name,
        "labelled": plan.labelled,
        "files": {file.name: file.stat().st_size for file in folder.iterdir()},
    }
    about["fingerprint"] = fingerprint(_map(folder, about, "train"))
    (folder / "about.json").write_text(json.dumps(about), "utf-8")


def _publish(aside: Path, entry: Path) -> None:
    """Renames the finished folder; one that is there and whole is another process's equal work."""
    if not _is_whole(entry):
        shutil.rmtree(entry, ignore_errors=True)
    try:
        aside.rename(entry)
    except OSError:
        if not _is_whole(entry):
            raise


def _open(entry: Path) -> Stored:
    about = json.loads((entry / "about.json").read_text("utf-8"))
    train, held_out = (_map(entry, about, part) for part in ("train", "held_out"))
    return Stored(train, held_out, about["fingerprint"])


def _map(folder: Path, about: dict, part: str) -> Examples:
    """The part's examples, the samples memory-mapped."""
    labels = np.fromfile(folder / f"{part}.labels", np.int64)
    shape = (len(labels), *about["shape"])
    # An empty file cannot be mapped.
    samples: np.ndarray = np.empty(shape, about["dtype"])
    if len(labels):
        samples = np.memmap(folder / f"{part}.samples", about["dtype"], "r", shape=shape)
    return _examples(samples, labels, about["labelled"])
