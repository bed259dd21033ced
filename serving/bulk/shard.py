"""One shard: the pure function from a row of the plan to files and their entry."""

import os
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from serving.bulk import cluster, files, formats, hardware, runs
from serving.bulk.formats import File, Samples, Shard, Written
from serving.bulk.job import Job, PlanRow
from serving.bulk.judges import Confidence, Judge, Realism
from serving.bulk.making import Batch, Maker
from serving.bulk.output import Entry, Output
from serving.bulk.plans import Rejection
from serving.bulk.rejection import Acceptance
from serving.errors import ServingError, UsageError
from serving.exported import ExportedModel

# Batches that wait to be encoded; with those in work they bound the memory of a worker.
_WAITING = 3


@dataclass(frozen=True)
class Task:
    """All that a worker needs beside the rows, as a value that travels.

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


class ShardWriter:
    """Writes shards of one job; loads the model once and serves any number of rows."""

    def __init__(self, model: ExportedModel, task: Task) -> None:
        self._job = Job.of(task.job)
        self._output = Output(task.out)
        self._format = formats.get(self._job.format)
        judge = _judge(model, self._job, task.classifier)
        self._maker = Maker(model, self._job, judge, task.folder)
        self._run = task.run
        self._hardware = hardware.kind()
        self._folders = {""}

    @classmethod
    def load(cls, task: Task) -> "ShardWriter":
        """Loads the model of a task.

        Raises:
            ServingError: it is not the one that the job was planned with.
        """
        job = Job.of(task.job)
        model = ExportedModel(task.model_dir, job.model_version)
        if model.fingerprint != job.model_fingerprint:
            raise ServingError(
                f"The export {job.model_version} in {task.model_dir!r} has changed while the job "
                "was under way; put it back, or generate into a new folder."
            )
        return cls(model, task)

    def ensure_shard(self, row: PlanRow) -> Entry:
        """Returns the record of a row's shard, written unless it is whole already.

        Raises:
            ServingError: the model fails, or the output cannot be written.
        """
        with files.writing(self._output.path):
            record = self._output.recorded(row.name)
            if record is None:
                record = self.write_shard(row)
                self._output.record(record)
            return record

    def write_shard(self, row: PlanRow) -> Entry:
        """Generates one shard, writes its files aside and renames them into place.

        What is written depends on the row alone.

        Returns:
            The shard's record: its name, samples, files, the SHA-256 over their contents in that
            order, the CRC-32 of each if there are several, and the hardware, on which the last
            bits of floats depend; and of the run its name and worker, how many calls of the model
            there were and how long they took.

        Raises:
            ServingError: the model fails.
        """
        with self._output.scratch(row.name) as scratch:
            shard = Shard(row.name, row.count, scratch, self._job.compression, self._job.content)
            tally = _Tally(row)
            written = self._written(row, shard, tally)
            for file in written.files:
                self._publish(file)
        return tally.entry(isinstance(self._job.drawn, Rejection)) | {
            "files": [file.name for file in written.files],
            "bytes": written.bytes,
            "sha256": written.sha256,
            "hardware": self._hardware,
            **({"crc32": written.crc32} if written.crc32 else {}),
            "run": self._run,
            "worker": cluster.worker_name(),
        }

    def _written(self, row: PlanRow, shard: Shard, tally: "_Tally") -> Written:
        """Encodes in a second thread while the model makes the next batches."""
        writer = self._format.open(shard)
        try:
            with ThreadPoolExecutor(1) as encoder:
                waiting: list[Future[None]] = []
                for batch in self._batches(row):
                    tally.add(batch)
                    waiting.append(encoder.submit(writer.add, batch.samples))
                    if len(waiting) > _WAITING:
                        waiting.pop(0).result()
                for future in waiting:
                    future.result()
            return writer.close()
        except BaseException:
            # What broke is on its way already; a full disk also fails to close.
            with suppress(Exception):
                writer.abandon()
            raise

    def _batches(self, row: PlanRow) -> Iterator[Batch]:
        plan = self._job.drawn
        if isinstance(plan, Rejection):
            return Acceptance(self._maker, plan, row).batches()
        return self._maker.batches(row)

    def _publish(self, file: File) -> None:
        folder = os.path.dirname(file.name)
        if folder not in self._folders:
            self._output.make_folder(folder)
            self._folders.add(folder)
        self._output.publish(file.local, file.name)


class _Tally:
    """What an entry says of the samples."""

    def __init__(self, row: PlanRow) -> None:
        self._row = row
        self._labels: Counter[int] = Counter()
        self._drawn_labels: Counter[int] = Counter()
        self._offsets: list[np.ndarray] = []
        self._drawn = 0
        self._batches = 0
        self._batch_seconds = 0.0

    def add(self, batch: Batch) -> None:
        self._drawn += batch.drawn
        self._batches += 1
        self._batch_seconds += batch.seconds
        self._count(batch.samples)
        if batch.offsets is not None:
            self._offsets.append(batch.offsets)
        self._drawn_labels.update(batch.drawn_labels or {})

    def _count(self, samples: Samples) -> None:
        if "label" in samples.columns and len(samples):
            self._labels.update(samples.columns["label"].tolist())

    def entry(self, rejected: bool) -> Entry:
        row = self._row
        entry: Entry = {"name": row.name, "first": row.first, "count": row.count}
        if row.columns is not None:
            entry["columns"] = row.columns
        if self._labels:
            entry["labels"] = _by_label(self._labels)
        if rejected:
            entry["accepted"] = runs.pack(np.concatenate(self._offsets))
            entry["drawn"] = self._drawn
        if self._drawn_labels:
            entry["drawn_labels"] = _by_label(self._drawn_labels)
        return entry | {"batches": self._batches, "batch_seconds": round(self._batch_seconds, 6)}


def _by_label(counts: Counter[int]) -> dict[str, int]:
    return {str(label): n for label, n in sorted(counts.items())}


def _judge(model: ExportedModel, job: Job, classifier: str | None) -> Judge | None:
    plan = job.drawn
    if not isinstance(plan, Rejection):
        return None
    if plan.by == Realism.name:
        return Realism(model)
    if classifier is None:
        raise UsageError("classifier: the plan keeps samples by one; pass its folder.")
    judge = Confidence(classifier)
    if judge.fingerprint != plan.classifier:
        raise UsageError("classifier: it is not the one that the run was begun with.")
    return judge
