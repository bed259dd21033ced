"""A second look at a whole output: every checksum, and some shards made again."""

import math
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from tqdm import tqdm

from serving.bulk import formats, hardware, runs
from serving.bulk.job import Job, ShardSpec
from serving.bulk.output import LOCK, MANIFEST, Output, ShardRecord, writing
from serving.bulk.plans import Columns, Rejection
from serving.bulk.sampler import ShardSampler
from serving.bulk.scorers import Confidence
from serving.errors import UsageError
from serving.exported import ExportedModel

# How much a float may differ on another kind of processor, in units of its largest value.
_FLOAT_TOLERANCE = 1e-5
_SHOWN = 3


@dataclass
class Verdict:
    """What a verification found.

    Attributes:
        shards: how many were checked.
        samples: how many they hold.
        problems: a sentence for each thing that is not as the manifest says.
        remade: samples that were made again and compared.
        largest_difference: of those, in grey levels or units.
        hardware: what the output was made on.
        remade_on: what it was compared on, or None.
    """

    shards: int = 0
    samples: int = 0
    problems: list[str] = field(default_factory=list)
    remade: int = 0
    largest_difference: float = 0.0
    hardware: list[str] = field(default_factory=list)
    remade_on: str | None = None

    @property
    def ok(self) -> bool:
        """Whether all is as it should be."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {"ok": self.ok, **asdict(self)}

    @property
    def text(self) -> str:
        """For people."""
        if self.problems:
            more = len(self.problems) - _SHOWN
            lines = self.problems[:_SHOWN] + ([f"and {more} more"] if more > 0 else [])
            return "\n".join(lines)
        text = f"{self.samples} samples in {self.shards} shards are as they were written"
        if not self.remade:
            return text
        text += f"; {self.remade} made again are the same"
        if not self.largest_difference:
            return f"{text} to the bit"
        others = ", ".join(self.hardware)
        return (
            f"{text} within {self.largest_difference:g}: they were written on {others} and "
            f"compared on {self.remade_on}"
        )


def verify(
    out: str,
    model_dir: str | None = None,
    *,
    share: float = 0.01,
    classifier: str | None = None,
    seed: int | None = None,
    progress: bool = True,
) -> Verdict:
    """Checks every file of an output, and makes some of its shards again.

    Args:
        out: the folder that was written.
        model_dir: the folder with the export that wrote it; None checks files alone.
        share: of the shards to make again, at least one.
        classifier: the folder of the classifier, where samples were kept by its confidence.
        seed: of the choice of shards; None for another choice each time.
        progress: whether to show a progress bar.

    Raises:
        UsageError: `out` is no finished output, or the model is not the one that made it.
        ServingError: the model fails.
    """
    if not 0 < share <= 1:
        raise UsageError(f"share: received {share}; expected more than 0, at most 1.")
    output = Output(out)
    manifest = _manifest(output)
    job = Job.of(manifest)
    verdict = Verdict(len(manifest["shards"]), manifest["count"], hardware=manifest["hardware"])
    remaker = None
    if model_dir is not None:
        remaker = _Remaker(output, job, model_dir, classifier, manifest.get("folder"))
    with writing(out):
        sound = _check_files(output, job, manifest, verdict, progress)
        if remaker is not None and sound:
            number = max(1, math.ceil(share * len(manifest["shards"])))
            chosen = random.Random(seed).sample(sound, min(number, len(sound)))
            verdict.remade_on = hardware.kind()
            for record in tqdm(chosen, unit="shard", disable=not progress):
                remaker.compare(record, len(manifest["shards"]), verdict)
    return verdict


def _manifest(output: Output) -> dict[str, Any]:
    """The manifest of a finished run.

    Raises:
        UsageError: there is none.
    """
    try:
        manifest = output.manifest()
    except UsageError:  # a file of that name with something else in it
        manifest = {}
    if manifest is not None and {"format_version", "plan", "shards"} <= set(manifest):
        return manifest
    if manifest is None and output.plan() is not None:
        raise UsageError(
            f"directory: the run in {output.path!r} is not finished; repeat the command that began "
            "it."
        )
    why = "there is no" if manifest is None else "it is not of a run, the"
    raise UsageError(
        f"directory: {output.path!r} holds no output of `gan generate` ({why} {MANIFEST}); pass "
        "the folder that its --out named."
    )


def _check_files(
    output: Output, job: Job, manifest: Mapping[str, Any], verdict: Verdict, progress: bool
) -> list[ShardRecord]:
    """Compares the folder with the manifest; returns the shards that are whole."""
    sound, next_id = [], 0
    labels: Counter[str] = Counter()
    for record in tqdm(manifest["shards"], unit="shard", disable=not progress):
        problems = output.changed(record)
        if not problems:
            sound.append(record)
        verdict.problems += problems
        if record["first"] != next_id:
            verdict.problems.append(f"shard {record['name']}: it begins at {record['first']}")
        next_id = record["first"] + record["count"]
        labels.update(record.get("labels", {}))
    for file in manifest["files"]:
        verdict.problems += output.changed({"files": [file["name"]], "sha256": file["sha256"]})
    if next_id != job.drawn.count or next_id != manifest["count"]:
        verdict.problems.append(f"count: the shards hold {next_id}, the plan {job.drawn.count}")
    if dict(labels) != manifest["labels"]:
        verdict.problems.append("labels: the histogram is not the sum of the shards'")
    verdict.problems += _strange(output, manifest)
    return sound


def _strange(output: Output, manifest: Mapping[str, Any]) -> list[str]:
    known = {MANIFEST, LOCK, *(file["name"] for file in manifest["files"])}
    for record in manifest["shards"]:
        known.update(record["files"])
    return [f"{name}: the manifest does not name it" for name in sorted(output.names())
            if name not in known]  # fmt: skip


class _Remaker:
    """Makes the samples of a shard again and compares them with what was written."""

    def __init__(
        self,
        output: Output,
        job: Job,
        model_dir: str,
        classifier: str | None,
        folder: str | None,
    ) -> None:
        self._output, self._job = output, job
        self._format = formats.get(job.format)
        model = ExportedModel(model_dir, job.model_version)
        if model.fingerprint != job.model_fingerprint:
            raise UsageError(
                f"model: version {job.model_version} in {model_dir!r} is not the export that made "
                f"{output.path!r}; pass the one with the fingerprint {job.model_fingerprint[:12]}."
            )
        by_confidence = isinstance(job.drawn, Rejection) and classifier is not None
        scorer = Confidence(classifier) if by_confidence and classifier else None
        self._sampler = ShardSampler(model, job, scorer, folder)
        self._kind = hardware.kind()

    def compare(self, record: ShardRecord, num_shards: int, verdict: Verdict) -> None:
        """Adds what differs in a shard to the verdict."""
        with self._output.local(record["files"]) as paths:
            written = self._format.read(paths, self._job.content)
        inputs = self._inputs(record, num_shards)
        size, output = self._job.internal_batch, self._job.sample["output"]
        if len(written[output]) != record["count"]:
            verdict.problems.append(f"shard {record['name']}: it does not hold {record['count']}")
            return
        for start in range(0, record["count"], size):
            part = {name: column[start : start + size] for name, column in inputs.items()}
            values, columns = self._sampler.make(part)
            rows = slice(start, start + len(values))
            there = written[output][rows]
            if None in self._job.sample["shape"]:
                there = formats.as_rows(list(there))
            difference = _difference(there, values)
            self._compare_values(record, start, difference, values, verdict)
            for name in self._job.shapes:
                difference = _difference(written[name][rows], columns[name])
                self._compare_values(record, start, difference, columns[name], verdict, name)
            self._compare_columns(
                record, {n: c[rows] for n, c in written.items()}, columns, verdict
            )
            verdict.remade += len(values)

    def _inputs(self, record: ShardRecord, num_shards: int) -> Columns:
        plan = self._job.drawn
        shard = int(record["name"].partition("-")[0])
        row = ShardSpec(shard, num_shards, record["first"], record["count"], record.get("columns"))
        inputs = row.inputs(plan)
        if isinstance(plan, Rejection):
            inputs["seed"] = plan.seeds(shard, runs.unpack(record["accepted"]))
        return inputs

    def _compare_values(
        self,
        record: ShardRecord,
        start: int,
        difference: float,
        values: np.ndarray,
        verdict: Verdict,
        what: str = "samples",
    ) -> None:
        allowed = 0.0
        if record["hardware"] != self._kind:
            integers = values.dtype.kind in "iu"
            allowed = 1.0 if integers else _FLOAT_TOLERANCE * max(1.0, float(abs(values).max()))
        verdict.largest_difference = max(verdict.largest_difference, difference)
        if difference > allowed:
            verdict.problems.append(
                f"shard {record['name']}: made again, its {what} from {record['first'] + start} on "
                f"differ by {difference:g}; {allowed:g} is allowed ({record['hardware']} here and "
                f"{self._kind} there)"
            )

    def _compare_columns(
        self, record: ShardRecord, written: Columns, made: Columns, verdict: Verdict
    ) -> None:
        for name in self._job.columns.keys() - self._job.shapes.keys():
            if name not in written or name not in made or made[name].dtype.kind == "f":
                continue
            if not np.array_equal(written[name], made[name]):
                verdict.problems.append(f"shard {record['name']}: its {name} is not the plan's")


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    if a.shape != b.shape:
        return math.inf
    if a.dtype == object:
        return 0.0 if np.array_equal(a, b) else math.inf
    gaps = np.abs(a.astype(np.float64) - b.astype(np.float64))
    if a.dtype.kind == "f":  # what is missing on both sides is alike
        gaps[np.isnan(a) & np.isnan(b)] = 0.0
    return float(np.max(gaps, initial=0.0))
