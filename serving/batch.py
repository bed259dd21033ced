"""Bulk generation: a plan, a function that writes one row of it, and a loop to map it.

A sample depends on its seed alone, and a shard on its row of the plan alone: whoever maps
`write_shard` over the plan, in whatever order, obtains the same bytes. While a run is under way
its state is in `<out>/.partial`; `<out>/manifest.json` is there once everything else is.
"""

import hashlib
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from serving.description import Description
from serving.errors import ServingError, UsageError
from serving.exported import INTERNAL_BATCH, ExportedModel
from serving.shards import PNG, WRITERS, Samples

MANIFEST = "manifest.json"
FORMAT_VERSION = 1

_PARTIAL = ".partial"
_PLAN = "plan.json"
_MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class Job:
    """Everything that decides the bytes of a run; a run resumes only under an equal one."""

    format_version: int
    count: int
    seed: int
    label: int | None
    format: str
    signature: str
    internal_batch: int
    rows_per_shard: int
    model_version: int
    model_fingerprint: str


@dataclass(frozen=True)
class PlanRow:
    """One shard: its number, the id of its first sample and how many it has."""

    shard: int
    first: int
    count: int


def generate(
    model_dir: str,
    out: str,
    *,
    count: int,
    seed: int = 0,
    label: int | None = None,
    format: str = PNG,
    version: int | None = None,
    rows_per_shard: int = 1024,
    progress: bool = True,
) -> dict[str, Any]:
    """Writes `count` samples of an export to the folder `out`; sample i has the seed `seed` + i.

    Called again with the same arguments it only writes what is missing or damaged, with the
    same bytes.

    Args:
        model_dir: the folder with the numbered exports.
        out: the folder to write to; new, empty, or of an earlier run with the same arguments.
        count: how many samples.
        seed: the seed of the first sample.
        label: the label of all of them; None draws labels as the data has them.
        format: "png" (a file per sample), "npz" or "tfrecord" (a file per shard).
        version: the version to use; None for the newest.
        rows_per_shard: samples per shard.
        progress: whether to show a progress bar.

    Returns:
        The content of `manifest.json`.

    Raises:
        UsageError: an argument is wrong, or `out` holds something else.
        ServingError: the export cannot be loaded or run, or `out` cannot be written.
    """
    _check_numbers(count, seed, rows_per_shard)
    _check_format(format)
    model = ExportedModel(str(model_dir), version)
    job = Job(
        format_version=FORMAT_VERSION,
        count=count,
        seed=seed,
        label=label,
        format=format,
        signature=choose_signature(model.description, format, label),
        internal_batch=INTERNAL_BATCH,
        rows_per_shard=rows_per_shard,
        model_version=model.version,
        model_fingerprint=model.fingerprint,
    )
    with _writing(str(out)):
        return _run(model, job, str(out), progress)


def choose_signature(description: Description, format: str, label: int | None) -> str:
    """Returns the signature that gives samples in the form that `format` needs.

    Raises:
        UsageError: the model cannot give them.
    """
    signature = "generate" if label is None else "generate_conditional"
    if label is not None:
        description.check_labels(np.array([label]))
    elif not description.has_signature("generate"):
        raise UsageError("label: received none, but this model generates under a label only.")
    if format != PNG:
        description.outputs(signature)
        return signature
    if not description.has_signature(f"{signature}_png"):
        raise UsageError("format: the samples of this model are no PNG images; use 'npz'.")
    return f"{signature}_png"


def plan(job: Job) -> list[PlanRow]:
    """Returns the shards of a job, in order."""
    starts = range(0, job.count, job.rows_per_shard)
    return [
        PlanRow(shard, first, min(job.rows_per_shard, job.count - first))
        for shard, first in enumerate(starts)
    ]


def write_shard(model: ExportedModel, job: Job, row: PlanRow, out: str) -> dict[str, Any]:
    """Generates one shard, writes its files aside and renames them into place.

    Returns:
        The shard's entry in the manifest: name, first id, count, its files, the SHA-256 over
        their contents in that order, and the hardware: the last bits of floats depend on it.

    Raises:
        ServingError: the model fails.
    """
    name = _shard_name(job, row)
    scratch = os.path.join(out, _PARTIAL, f"scratch-{name}")
    tf.io.gfile.makedirs(scratch)
    seeds = job.seed + row.first + np.arange(row.count, dtype=np.int64)
    inputs = {"seed": seeds}
    if job.label is not None:
        inputs["label"] = np.full(row.count, job.label, np.int64)
    try:
        outputs = inputs | model.run(job.signature, inputs)
        del outputs["seed"]
        digest, files = hashlib.sha256(), []
        for file in WRITERS[job.format](Samples(name, row.first, seeds, outputs), scratch):
            digest.update(_read(file.scratch_path))
            final = os.path.join(out, file.name)
            tf.io.gfile.makedirs(os.path.dirname(final))
            tf.io.gfile.rename(file.scratch_path, final, overwrite=True)
            files.append(file.name)
    finally:
        tf.io.gfile.rmtree(scratch)
    entry = {"name": name, "first": row.first, "count": row.count}
    return entry | {"files": files, "sha256": digest.hexdigest(), "hardware": _hardware()}


def _run(model: ExportedModel, job: Job, out: str, progress: bool) -> dict[str, Any]:
    _prepare(out, job)
    entries = []
    with tqdm(total=job.count, unit="sample", disable=not progress) as bar:
        for row in plan(job):
            record = os.path.join(out, _PARTIAL, f"{_shard_name(job, row)}.json")
            entry = _read_json(record)
            if entry is None or not _is_whole(out, entry):
                entry = write_shard(model, job, row, out)
                _write_json(record, entry)
            entries.append(entry)
            bar.update(row.count)
    manifest = asdict(job) | {"shards": entries}
    _write_json(os.path.join(out, _PARTIAL, MANIFEST), manifest)
    tf.io.gfile.rename(
        os.path.join(out, _PARTIAL, MANIFEST), os.path.join(out, MANIFEST), overwrite=True
    )
    tf.io.gfile.rmtree(os.path.join(out, _PARTIAL))
    return manifest


def _prepare(out: str, job: Job) -> None:
    """Makes `out` the folder of a run under way.

    A finished run is reopened: its manifest is taken apart into the records of its shards, so
    that no manifest is there while a shard may be missing.

    Raises:
        UsageError: `out` holds anything but an earlier run of the same job.
    """
    partial, manifest_path = os.path.join(out, _PARTIAL), os.path.join(out, MANIFEST)
    manifest = _read_json(manifest_path)
    _check_out(out, job, manifest or _read_json(os.path.join(partial, _PLAN)))
    tf.io.gfile.makedirs(partial)
    _write_json(os.path.join(partial, _PLAN), asdict(job))
    if manifest is not None:
        for entry in manifest["shards"]:
            _write_json(os.path.join(partial, f"{entry['name']}.json"), entry)
        tf.io.gfile.remove(manifest_path)


def _check_out(out: str, job: Job, found: dict[str, Any] | None) -> None:
    if not tf.io.gfile.exists(out):
        return
    if not tf.io.gfile.isdir(out):
        raise UsageError(f"out: {out!r} is a file; pass a folder.")
    if found is None:
        # A run killed at its very start leaves no plan, only the folder for it.
        if set(name.rstrip("/") for name in tf.io.gfile.listdir(out)) - {_PARTIAL}:
            raise UsageError(f"out: {out!r} is not empty; pass a new folder.")
        return
    wanted = asdict(job)
    different = [key for key, value in wanted.items() if found.get(key) != value]
    if different:
        key = different[0]
        raise UsageError(
            f"out: {out!r} holds another run ({key} {found.get(key)!r}, now {wanted[key]!r}); "
            + (
                "pass --version to name the one it was made with, or a new folder."
                if key == "model_version"
                else "pass a new folder."
            )
        )


def _check_numbers(count: int, seed: int, rows_per_shard: int) -> None:
    if count < 1:
        raise UsageError(f"count: received {count}; expected 1 or more.")
    if rows_per_shard < 1:
        raise UsageError(f"rows_per_shard: received {rows_per_shard}; expected 1 or more.")
    if not -_MAX_SEED - 1 <= seed <= _MAX_SEED - count + 1:
        raise UsageError(f"seed: {seed} + {count} samples do not fit 64 bits; use a smaller one.")


def _check_format(format: str) -> None:
    if format not in WRITERS:
        raise UsageError(f"format: received {format!r}; expected one of {', '.join(WRITERS)}.")


def _shard_name(job: Job, row: PlanRow) -> str:
    num_shards = -(-job.count // job.rows_per_shard)
    return f"{row.shard:05d}-of-{num_shards:05d}"


def _is_whole(out: str, entry: dict[str, Any]) -> bool:
    digest = hashlib.sha256()
    for name in entry["files"]:
        path = os.path.join(out, name)
        if not tf.io.gfile.exists(path):
            return False
        digest.update(_read(path))
    return digest.hexdigest() == entry["sha256"]


def _hardware() -> str:
    """Returns the processor with its vector instructions, and the accelerators in use."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    pairs = [line.partition(":") for line in lines]
    fields = {key.strip(): value.strip() for key, _, value in pairs}
    vectors = {"avx512f", "avx2"} & set(fields.get("flags", "").split())
    gpus = [
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    return ", ".join([platform.machine(), fields.get("model name", ""), *sorted(vectors), *gpus])


@contextmanager
def _writing(out: str) -> Iterator[None]:
    try:
        yield
    except (tf.errors.OpError, OSError) as error:
        raise ServingError(f"out: {out!r} cannot be written: {error}") from error


def _read(path: str) -> bytes:
    with tf.io.gfile.GFile(path, "rb") as file:
        return file.read()


def _read_json(path: str) -> dict[str, Any] | None:
    if not tf.io.gfile.exists(path):
        return None
    try:
        content = json.loads(_read(path))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise UsageError(f"out: {path!r} is no record of a run; pass a new folder.")
    return content


def _write_json(path: str, content: dict[str, Any]) -> None:
    aside = f"{path}.aside"
    with tf.io.gfile.GFile(aside, "w") as file:
        file.write(json.dumps(content, indent=1) + "\n")
    tf.io.gfile.rename(aside, path, overwrite=True)
