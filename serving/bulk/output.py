"""The folder of an output: a run under way in `.partial`, a manifest once all is there."""

import json
import os
import re
import shutil
import tempfile
import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from serving import files, lock
from serving.bulk.job import Job
from serving.errors import ServingError, UsageError

MANIFEST = "manifest.json"

_PARTIAL = ".partial"
LOCK = ".lock"
_PLAN = "plan.json"
_RECORD = re.compile(r"\d+-of-(\d+)\.json")
# Requests in flight where every file is one.
_READERS = 16

# What a record says of the run that wrote it. The manifest leaves it out: it is the same whoever
# wrote its shards, and in how many starts.
_OF_RUN = frozenset({"run", "worker", "batches", "batch_seconds"})

ShardRecord = dict[str, Any]


class Output:
    """The folder that a job writes.

    Attributes:
        path: of the folder.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._system = files.file_system(path)

    def join(self, *names: str) -> str:
        """The path of something in it."""
        return os.path.join(self.path, *names)

    def partial(self, *names: str) -> str:
        """The path of something that is there while a run is under way."""
        return self.join(_PARTIAL, *names)

    def manifest(self) -> dict[str, Any] | None:
        """The manifest of a finished run."""
        return _read_json(self.join(MANIFEST))

    def plan(self) -> dict[str, Any] | None:
        """The document of the job of a run under way."""
        return _read_json(self.partial(_PLAN))

    def begun(self) -> dict[str, Any] | None:
        """The document of the job that was begun or finished here, or None.

        Raises:
            UsageError: the folder is a file, or holds something else.
            ServingError: it cannot be looked at.
        """
        with writing(self.path):
            if not self._system.exists(self.path):
                return None
            if not self._system.is_folder(self.path):
                raise UsageError(f"out: {self.path!r} is a file; pass a folder.")
            found = self.manifest() or self.plan()
            # A run killed at its very start leaves no plan, only its lock and the folder for it.
            if found is None and set(self._system.names(self.path)) - {_PARTIAL, LOCK}:
                raise UsageError(f"out: {self.path!r} is not empty; pass a new folder.")
            return found

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other drivers out for the while; on an object store there is no lock.

        Raises:
            UsageError: one is at work here, or the folder holds something else.
        """
        if files.is_remote(self.path):
            yield
            return
        self.begun()
        os.makedirs(self.path, exist_ok=True)
        with ExitStack() as stack:
            try:
                stack.enter_context(lock.held(self.join(LOCK)))
            except lock.HeldError as error:
                raise UsageError(
                    f"out: {self.path!r} is in use ({error}); wait for it, end it and repeat the "
                    "command, or pass a new folder."
                ) from error
            yield

    def prepare(self, job: Job) -> None:
        """Makes the folder that of a run under way.

        A finished run is reopened: its manifest is taken apart into the records of its shards, so
        that no manifest is there while a shard may be missing.

        Raises:
            UsageError: the folder holds anything but an earlier run of the same job.
        """
        begun = self.begun()
        if begun is not None:
            _check_same(self.path, job, begun)
        self._system.make_folder(self.partial())
        self._write_json(self.partial(_PLAN), job.document())
        manifest = self.manifest()
        if manifest is not None:
            for record in manifest["shards"]:
                self.record(record)
            self._system.remove(self.join(MANIFEST))

    def require(self, job: Mapping[str, Any]) -> None:
        """Refuses to work for a run that the folder, as this machine sees it, does not hold.

        Raises:
            ServingError: saying what would help.
        """
        plan = self.plan()
        if plan is None or Job.of(plan) != Job.of(json.loads(json.dumps(job))):
            raise ServingError(
                f"out: the run is not in {self.path!r} as this machine sees it; every worker must "
                "see the same folder, so pass one on a file system that all share, or on an "
                "object store."
            )

    def left_by_interruption(self) -> str:
        """Says how far a run came that somebody interrupted, and how to go on."""
        totals = self._recorded_totals()
        if not totals:
            done = f"Interrupted before the first shard was written to {self.path!r}"
        else:
            done = f"Interrupted: {len(totals)} of {totals[0]} shards are written to {self.path!r}"
        return f"{done}; the same command again goes on from there."

    def num_recorded(self) -> int:
        """How many shards have a record, whole or not."""
        return len(self._recorded_totals())

    def _recorded_totals(self) -> list[int]:
        """For each record of a shard how many shards its run has."""
        records = map(_RECORD.fullmatch, self._system.names(self.partial()))
        return [int(match[1]) for match in records if match]

    def recorded(self, name: str) -> ShardRecord | None:
        """The record of a shard that is whole: recorded, with files as they were written."""
        record = _read_json(self.partial(f"{name}.json"))
        return record if record is not None and self.is_whole(record) else None

    def is_whole(self, record: Mapping[str, Any]) -> bool:
        """Whether the files of a shard have the checksum of its record."""
        return self.checksum(record["files"]) == record["sha256"]

    def checksum(self, names: Sequence[str]) -> str | None:
        """SHA-256 over the contents of files in their order; None where one is missing."""
        return files.sha256(self._system, [self.join(name) for name in names])

    def changed(self, record: Mapping[str, Any]) -> list[str]:
        """Says of each file of a shard that is not as it was written what is the matter."""
        if self.is_whole(record):
            return []
        problems, crcs = [], record.get("crc32", "")
        for index, name in enumerate(record["files"]):
            if not self._system.exists(self.join(name)):
                problems.append(f"{name}: it is missing")
            elif crcs and self._crc32(name) != crcs[8 * index : 8 * index + 8]:
                problems.append(f"{name}: its content has changed")
        return problems or [f"{name}: its content has changed" for name in record["files"]]

    def _crc32(self, name: str) -> str:
        return f"{zlib.crc32(self._system.read(self.join(name))):08x}"

    def record(self, record: ShardRecord) -> None:
        """Keeps the record of a shard that has been written."""
        self._write_json(self.partial(f"{record['name']}.json"), record)

    def records(self, names: Sequence[str]) -> list[ShardRecord]:
        """The records of shards, wherever they were written.

        Raises:
            ServingError: one is missing.
        """
        with ThreadPoolExecutor(_READERS) as pool:
            paths = (self.partial(f"{name}.json") for name in names)
            found = list(pool.map(_read_json, paths))
        records = [record for record in found if record is not None]
        if len(records) < len(names):
            raise ServingError(
                f"out: {len(names) - len(records)} of {len(names)} shards are missing in "
                f"{self.path!r}; run the same command again."
            )
        return records

    def publish(self, local: str, name: str) -> None:
        """Moves a local file to its place in the folder."""
        self._system.publish(local, self.join(name))

    @contextmanager
    def local(self, names: Sequence[str]) -> Iterator[list[str]]:
        """Local paths of files of the folder, fetched for the while where it is remote."""
        if not files.is_remote(self.path):
            yield [self.join(name) for name in names]
            return
        with tempfile.TemporaryDirectory(prefix="saddlepoint-") as folder:
            for name in names:
                local = os.path.join(folder, name)
                os.makedirs(os.path.dirname(local), exist_ok=True)
                with open(local, "wb") as file:
                    file.write(self._system.read(self.join(name)))
            yield [os.path.join(folder, name) for name in names]

    def names(self) -> Iterator[str]:
        """The names of all files in it, also below its folders."""
        return files.files_below(self.path)

    def make_folder(self, name: str) -> None:
        """Makes a folder in it."""
        self._system.make_folder(self.join(name))

    def write_text(self, name: str, text: str) -> None:
        """Publishes a text in the folder."""
        self._write(self.join(name), text)

    def finish(self, manifest: dict[str, Any]) -> None:
        """Publishes the manifest and removes what only a run under way needs."""
        self._write_json(self.join(MANIFEST), manifest)
        self._system.remove_tree(self.partial())

    @contextmanager
    def scratch(self, name: str) -> Iterator[str]:
        """A local folder of its own for every attempt, gone afterwards.

        It is on the output's own disk, so that files are renamed into their places, or in the
        system's folder for temporary files, from where they are uploaded.
        """
        if files.is_remote(self.path):
            folder = tempfile.mkdtemp(prefix="saddlepoint-")
        else:
            folder = self.partial(f"scratch-{name}-{uuid.uuid4().hex[:8]}")
            os.makedirs(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _write_json(self, path: str, content: dict[str, Any]) -> None:
        self._write(path, json.dumps(content, indent=1) + "\n")

    def _write(self, path: str, text: str) -> None:
        # By the scratch folder: of a run that is killed nothing stays that it would not clear away.
        with self.scratch("text") as scratch:
            local = os.path.join(scratch, "text")
            with open(local, "w", encoding="utf-8") as file:
                file.write(text)
            self._system.publish(local, path)


@contextmanager
def writing(out: str) -> Iterator[None]:
    """Turns what a full disk, a permission or a store raises into a sentence."""
    try:
        yield
    except OSError as error:
        raise ServingError(f"out: {out!r} cannot be written: {error}") from error


def _read_json(path: str) -> dict[str, Any] | None:
    """Returns the JSON object in a file, or None without a file.

    Raises:
        UsageError: the file holds something else.
    """
    try:
        content = json.loads(files.file_system(path).read(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise UsageError(f"out: {path!r} is no record of a run; pass a new folder.")
    return content


def without_run(record: Mapping[str, Any]) -> ShardRecord:
    """The record of a shard as the manifest has it."""
    return {name: value for name, value in record.items() if name not in _OF_RUN}


def _check_same(out: str, job: Job, found: Mapping[str, Any]) -> None:
    wanted, held = _flat(job.document()), _flat(Job.of(found).document())
    different = [key for key in {**wanted, **held} if held.get(key) != wanted.get(key)]
    if not different:
        return
    key = "model_version" if "model_version" in different else different[0]
    raise UsageError(
        f"out: {out!r} holds another run ({key} {held.get(key)!r}, now {wanted.get(key)!r}); "
        + (
            "pass --version to name the one it was made with, or a new folder."
            if key == "model_version"
            else "pass a new folder."
        )
    )


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a job with those of its plan among them, JSON values."""
    rest = {key: value for key, value in document.items() if key != "plan"}
    return _flat_plan("plan", document["plan"]) | rest


def _flat_plan(name: str, plan: Mapping[str, Any]) -> dict[str, Any]:
    fields = {key: list(v) if isinstance(v, tuple) else v for key, v in plan.items()}
    fields[name] = fields.pop("kind")
    return fields | (_flat_plan("of", plan["of"]) if "of" in plan else {})
