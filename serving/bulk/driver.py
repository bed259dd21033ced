"""A job from what somebody asks for to its manifest."""

import logging
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from typing import Any

import numpy as np

from serving.bulk import batch_size, folders, formats, hardware, sampler
from serving.bulk import job as jobs
from serving.bulk.execution import ExecutionOptions, write_shards
from serving.bulk.job import Job, ShardSpec, WorkerConfig, divide
from serving.bulk.output import Output, ShardRecord, writing
from serving.bulk.plans import Columns, Plan, Rejection, check_seeds, document_of
from serving.bulk.scorers import Realism
from serving.bulk.selection import Selection
from serving.description import Signature
from serving.errors import UsageError
from serving.exported import ExportedModel
from serving.fields import STRING, Field
from serving.tiles import Tiling

_log = logging.getLogger(__name__)

_SCORES = "scores"
_SCORE_FORMAT = "npz"
_LIBRARIES = ("tensorflow", "numpy", "pillow")


def generate(
    model_dir: str,
    out: str,
    *,
    format: str | None = None,
    compression: str | None = None,
    version: int | None = None,
    rows_per_shard: int | None = None,
    batch_size: int | None = None,
    execution: ExecutionOptions | None = None,
    **selection: Any,
) -> dict[str, Any]:
    """Writes samples of an export to the folder `out`.

    Called again with the same arguments it only writes what is missing or damaged, with the
    same bytes. While a run is under way its state is in `<out>/.partial`; `<out>/manifest.json` is
    there once everything else is.

    Example:
        generate("models/digits", "out", count=10_000, format="tfrecord")
        generate("models/digits", "out", per_class=1000, execution=ExecutionOptions(workers=2))
        generate("models/edges", "filled", files="outlines", signature="translate")

    Args:
        model_dir: the folder with the numbered exports.
        out: the folder to write to; new, empty, or of an earlier run with the same arguments.
        format: "png" (a file a sample), or a file a shard: "npz", "tfrecord", "array_record",
            "webdataset", "parquet", "csv", "fasta"; None for "png" where samples are pictures,
            "csv" where they are single numbers or texts, and "npz" otherwise.
        compression: within the format; None for the format's own.
        version: the version to use; None for the newest.
        rows_per_shard: samples per shard; None for as many as suit the whole.
        batch_size: rows of every call of the model; None lets a long job find the best.
        execution: by which workers or runner; None for this machine.
        **selection: which samples, the fields of `Selection`: `count`, `seed`, `label`, ….

    Returns:
        The content of `manifest.json`.

    Raises:
        UsageError: an argument is wrong, or `out` holds something else.
        ServingError: the export cannot be loaded or run, or `out` cannot be written.
        KeyboardInterrupt: somebody interrupted it; the text says what is written and how to go on.
    """
    wanted = Selection(**selection)
    driver = Driver(str(model_dir), version, execution or ExecutionOptions())
    try:
        return driver.run(
            wanted,
            str(out),
            format=format,
            compression=compression,
            rows_per_shard=rows_per_shard,
            batch_size=batch_size,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(Output(str(out)).left_by_interruption()) from None


class Driver:
    """Plans a job for an export, has its shards written, and describes the whole."""

    def __init__(self, model_dir: str, version: int | None, execution: ExecutionOptions) -> None:
        """Loads the model.

        Raises:
            UsageError: there is no such export, runner or option of it.
            ServingError: the export cannot be loaded.
        """
        execution.check()
        self._execution = execution
        self._alone = hardware.is_one_thread()
        self._model_dir = model_dir
        self._model = ExportedModel(model_dir, version)

    def run(
        self,
        selection: Selection,
        out: str,
        *,
        format: str | None,
        compression: str | None,
        rows_per_shard: int | None,
        batch_size: int | None,
    ) -> dict[str, Any]:
        """Writes the samples and returns the manifest.

        Raises:
            UsageError: the model cannot give them, or `out` holds something else.
            ServingError: the model fails, or `out` cannot be written.
        """
        output = Output(out)
        asked = _OutputOptions(format, compression, rows_per_shard, _batch_size(output, batch_size))
        if selection.best_of is not None:
            return self._best(selection, output, asked)
        plan, table = selection.plan(self._model.description)
        job = self._job(plan, table, asked, selection)
        with writing(out), output.held():
            return self._written(job, table, output, selection)

    def _best(
        self, selection: Selection, output: Output, asked: "_OutputOptions"
    ) -> dict[str, Any]:
        """The two passes of `best_of`."""
        plan = selection.scored(self._model.description)
        begun = output.begun()
        if begun is not None:
            _check_same_pass(output.path, selection, begun)
        scoring = self._scoring(plan, output, asked, selection)
        asked = replace(asked, batch_size=scoring.internal_batch)
        # Also refuses what the second pass would refuse, before the first one's work.
        self._job(plan, None, asked, selection)
        with writing(output.path), output.held():
            best, table = selection.best(self._scores(scoring, output))
            job = self._job(best, table, asked, selection)
            return self._written(job, table, output, selection)

    def _written(
        self, job: Job, table: Columns | None, output: Output, selection: Selection
    ) -> dict[str, Any]:
        output.prepare(job)
        config = WorkerConfig(
            self._model_dir, output.path, job.document(), selection.classifier, selection.folder
        )
        records = self._write_shards(config, divide(job, table))
        manifest = self._manifest(job, records, output)
        if (job.plan.get("details") or {}).get("files"):
            manifest["folder"] = selection.folder
        output.finish(manifest)
        return manifest

    def _job(
        self, plan: Plan, table: Columns | None, asked: "_OutputOptions", selection: Selection
    ) -> Job:
        description = self._model.description
        first = plan.columns(0, 1) if table is None else {n: c[:1] for n, c in table.items()}
        signature = sampler.sampling_signature(
            plan, description, first, selection.signature_name(description)
        )
        columns = {name: _dtype(column) for name, column in first.items()}
        others = _beside(signature)
        columns |= {name: field.dtype for name, field in others.items()}
        arrays: dict[str, Any] = {
            name: [*field.shape] for name, field in others.items() if not field.is_single
        }
        if isinstance(plan, Rejection):
            columns[plan.by] = "float32"
        job = Job(
            plan=document_of(plan),
            format="",
            compression="",
            rows_per_shard=1,
            internal_batch=1,
            signature=signature.name,
            sample=_sample(signature, len(first)),
            columns=columns,
            shapes=arrays,
            label_names=list(_label_names(description)),
            model_version=self._model.version,
            model_fingerprint=self._model.fingerprint,
            tiling=_tiling(selection.tiling(signature)),
        )
        if any(None in shape for shape in (job.sample["shape"], *arrays.values())):
            values, made = sampler.ShardSampler(self._model, job, folder=selection.folder).make(
                first
            )
            if table is None or folders.are_of_one_size(signature, selection.folder, table):
                job.sample["shape"] = list(values.shape[1:])
            arrays |= {name: list(made[name].shape[1:]) for name in arrays}
        return self._laid_out(job, table, asked, selection.folder)

    def _laid_out(
        self, job: Job, table: Columns | None, asked: "_OutputOptions", folder: str | None
    ) -> Job:
        """The job with its format, its shards and its batches."""
        plan, sample = job.drawn, job.sample
        size = jobs.rows_per_shard(
            asked.rows_per_shard, plan.count, sample["shape"], sample["dtype"]
        )
        check_seeds(plan, -(-plan.count // size))
        format = formats.get(asked.format or formats.default(job.content))
        compression = formats.check(format, job.content, asked.compression)
        if job.shapes and not format.keeps_arrays:
            job = _without_arrays(job, format.name)
        batch = batch_size.tuned(self._model, job, table, asked.batch_size, folder)
        return replace(
            job,
            format=format.name,
            compression=compression,
            rows_per_shard=size,
            internal_batch=batch,
        )

    def _scoring(
        self, plan: Plan, output: Output, asked: "_OutputOptions", selection: Selection
    ) -> Job:
        """The first pass of `best_of` as a job of its own: the realism of every candidate."""
        scored = Output(output.partial(_SCORES))
        # Scores are numbers whatever the samples are, which may be texts: those keep no npz.
        wanted = _OutputOptions(None, None, None, _batch_size(scored, asked.batch_size))
        return replace(
            _without_arrays(self._job(plan, None, wanted, selection)),
            format=_SCORE_FORMAT,
            compression=formats.NO_COMPRESSION,
            signature=sampler.SCORES,
            sample={"output": Realism.name, "shape": [], "dtype": "float32"},
        )

    def _scores(self, job: Job, output: Output) -> Columns:
        scored = Output(output.partial(_SCORES))
        scored.prepare(job)
        records = self._write_shards(
            WorkerConfig(self._model_dir, scored.path, job.document()), divide(job)
        )
        parts = [_read_scores(scored, record, job) for record in records]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _write_shards(self, config: WorkerConfig, specs: Sequence[ShardSpec]) -> list[ShardRecord]:
        return write_shards(config, specs, self._model, self._execution, self._alone)

    def _manifest(self, job: Job, records: Sequence[ShardRecord], output: Output) -> dict[str, Any]:
        format = formats.get(job.format)
        texts = {}
        if format.describe is not None:
            texts = format.describe(job.content, records, job.compression)
        for name, text in texts.items():
            output.write_text(name, text)
        rejected: dict[str, Any] = {}
        if isinstance(job.drawn, Rejection):
            drawn = sum(record["drawn"] for record in records)
            rejected = {"drawn": drawn, "share": job.drawn.count / drawn}
            if drawn_labels := _sum_by_label(records, "drawn_labels"):
                rejected["drawn_labels"] = drawn_labels
        return {
            **job.document(),
            "count": job.drawn.count,
            "labels": _sum_by_label(records, "labels"),
            **rejected,
            "versions": _versions(),
            "hardware": sorted({record["hardware"] for record in records}),
            "files": [{"name": name, "sha256": output.checksum([name])} for name in texts],
            "shards": list(records),
        }


@dataclass(frozen=True)
class _OutputOptions:
    """What somebody wants of the files."""

    format: str | None
    compression: str | None
    rows_per_shard: int | None
    batch_size: int | None


def _batch_size(output: Output, asked: int | None) -> int | None:
    """What was asked for, or what a run that was begun here has found."""
    begun = output.begun()
    return asked if asked is not None or begun is None else begun.get("internal_batch")


def _check_same_pass(out: str, selection: Selection, begun: Mapping[str, Any]) -> None:
    """Refuses another run before the first pass is made for nothing."""
    Job.of(begun)  # refuses what this version cannot read
    details = begun.get("plan", {}).get("details") or {}
    wanted = selection.pass_details
    if {name: details.get(name) for name in wanted} != wanted:
        raise UsageError(f"out: {out!r} holds another run; pass a new folder.")


def _read_scores(scored: Output, record: ShardRecord, job: Job) -> Columns:
    with scored.local(record["files"]) as paths:
        return formats.get(_SCORE_FORMAT).read(paths, job.content)


def _tiling(tiling: Tiling | None) -> dict[str, int] | None:
    return None if tiling is None else asdict(tiling)


def _sum_by_label(records: Sequence[ShardRecord], name: str) -> dict[str, int]:
    counts: Counter[int] = Counter()
    for record in records:
        counts.update({int(label): n for label, n in record.get(name, {}).items()})
    return {str(label): n for label, n in sorted(counts.items())}


def _sample(signature: Signature, inputs: int) -> dict[str, Any]:
    """What the samples are; open sizes are None until one is made.

    A column of a table stands behind that many inputs and the columns before it.
    """
    field, name = signature.outputs[signature.main_output], signature.main_output
    sample = {"output": name, "shape": list(field.shape), "dtype": field.dtype}
    place = inputs + list(signature.outputs).index(name)
    return sample | ({"place": place} if signature.is_table else {})


def _beside(signature: Signature) -> dict[str, Field]:
    """The outputs that are kept beside the main one: all but files."""
    return {
        name: field
        for name, field in signature.outputs.items()
        if name != signature.main_output and (field.is_single or field.dtype != STRING)
    }


def _without_arrays(job: Job, format: str | None = None) -> Job:
    """The job with single columns alone; says so where a format is the reason."""
    if format is not None:
        left_out = " and no ".join(job.shapes)
        _log.warning("format: %r keeps no %s; npz, tfrecord and others do.", format, left_out)
    columns = {name: dtype for name, dtype in job.columns.items() if name not in job.shapes}
    return replace(job, columns=columns, shapes={})


def _dtype(column: np.ndarray) -> str:
    return "string" if column.dtype == object else column.dtype.name


def _label_names(description: Any) -> list[str]:
    return description.label_names or [str(label) for label in range(description.num_classes or 0)]


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    return found | {name: metadata.version(name) for name in _LIBRARIES}
