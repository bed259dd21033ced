"""One shard: the pure function from a spec of the plan to files and their record."""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import numpy as np

from serving.bulk import cluster, formats, hardware, runs
from serving.bulk.formats import File, Samples, Shard, Written
from serving.bulk.job import Job, ShardSpec, WorkerConfig
from serving.bulk.output import Output, ShardRecord, writing
from serving.bulk.plans import Rejection
from serving.bulk.rejection import Acceptance
from serving.bulk.sampler import Batch, ShardSampler
from serving.bulk.scorers import Confidence, Realism, Scorer
from serving.errors import ServingError, UsageError
from serving.exported import ExportedModel

# Batches that wait to be encoded; with those in work they bound the memory of a worker.
_WAITING = 3


class ShardWriter:
    """Writes shards of one job; loads the model once and serves any number of them."""

    def __init__(self, model: ExportedModel, config: WorkerConfig) -> None:
        self._job = Job.of(config.job)
        self._output = Output(config.out)
        self._format = formats.get(self._job.format)
        scorer = _scorer(model, self._job, config.classifier)
        self._sampler = ShardSampler(model, self._job, scorer, config.folder)
        self._run = config.run
        self._hardware = hardware.kind()
        self._folders = {""}

    @classmethod
    def load(cls, config: WorkerConfig) -> "ShardWriter":
        """Loads the model that the shards are made with.

        Raises:
            ServingError: it is not the one that the job was planned with.
        """
        job = Job.of(config.job)
        model = ExportedModel(config.model_dir, job.model_version)
        if model.fingerprint != job.model_fingerprint:
            raise ServingError(
                f"The export {job.model_version} in {config.model_dir!r} has changed while the job "
                "was under way; put it back, or generate into a new folder."
            )
        return cls(model, config)

    def ensure_shard(self, spec: ShardSpec) -> ShardRecord:
        """Returns the record of a spec's shard, written unless it is whole already.

        Raises:
            ServingError: the model fails, or the output cannot be written.
        """
        with writing(self._output.path):
            record = self._output.recorded(spec.name)
            if record is None:
                record = self.write_shard(spec)
                self._output.record(record)
            return record

    def write_shard(self, spec: ShardSpec) -> ShardRecord:
        """Generates one shard, writes its files aside and renames them into place.

        What is written depends on the spec alone.

        Returns:
            The shard's record: its name, samples, files, the SHA-256 over their contents in that
            order, the CRC-32 of each if there are several, and the hardware, on which the last
            bits of floats depend; and of the run its name and worker, how many calls of the model
            there were and how long they took.

        Raises:
            ServingError: the model fails.
        """
        with self._output.scratch(spec.name) as scratch:
            shard = Shard(spec.name, spec.count, scratch, self._job.compression, self._job.content)
            tally = _Tally(spec)
            written = self._written(spec, shard, tally)
            for file in written.files:
                self._publish(file)
        return tally.record(isinstance(self._job.drawn, Rejection)) | {
            "files": [file.name for file in written.files],
            "bytes": written.bytes,
            "sha256": written.sha256,
            "hardware": self._hardware,
            **({"crc32": written.crc32} if written.crc32 else {}),
            "run": self._run,
            "worker": cluster.worker_name(),
        }

    def _written(self, spec: ShardSpec, shard: Shard, tally: "_Tally") -> Written:
        """Encodes in a second thread while the model makes the next batches."""
        writer = self._format.open(shard)
        try:
            with ThreadPoolExecutor(1) as encoder:
                waiting: list[Future[None]] = []
                for batch in self._batches(spec):
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

    def _batches(self, spec: ShardSpec) -> Iterator[Batch]:
        plan = self._job.drawn
        if isinstance(plan, Rejection):
            return Acceptance(self._sampler, plan, spec).batches()
        return self._sampler.batches(spec)

    def _publish(self, file: File) -> None:
        folder = os.path.dirname(file.name)
        if folder not in self._folders:
            self._output.make_folder(folder)
            self._folders.add(folder)
        self._output.publish(file.local, file.name)


class _Tally:
    """What a record says of the samples."""

    def __init__(self, spec: ShardSpec) -> None:
        self._spec = spec
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

    def record(self, rejected: bool) -> ShardRecord:
        spec = self._spec
        record: ShardRecord = {"name": spec.name, "first": spec.first, "count": spec.count}
        if spec.columns is not None:
            record["columns"] = spec.columns
        if self._labels:
            record["labels"] = _by_label(self._labels)
        if rejected:
            record["accepted"] = runs.pack(np.concatenate(self._offsets))
            record["drawn"] = self._drawn
        if self._drawn_labels:
            record["drawn_labels"] = _by_label(self._drawn_labels)
        return record | {"batches": self._batches, "batch_seconds": round(self._batch_seconds, 6)}


def _by_label(counts: Counter[int]) -> dict[str, int]:
    return {str(label): n for label, n in sorted(counts.items())}


def _scorer(model: ExportedModel, job: Job, classifier: str | None) -> Scorer | None:
    plan = job.drawn
    if not isinstance(plan, Rejection):
        return None
    if plan.by == Realism.name:
        return Realism(model)
    if classifier is None:
        raise UsageError("classifier: the plan keeps samples by one; pass its folder.")
    scorer = Confidence(classifier)
    if scorer.fingerprint != plan.classifier:
        raise UsageError("classifier: it is not the one that the run was begun with.")
    return scorer
