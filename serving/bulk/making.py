"""Samples of a shard, batch by batch, from an export."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from serving import latents
from serving.bulk.formats import Samples
from serving.bulk.job import Job, PlanRow
from serving.bulk.judges import Judge, Realism
from serving.bulk.plans import Columns, Grid, Paths, Plan
from serving.description import Description
from serving.errors import UsageError
from serving.exported import ExportedModel

SCORE = "score"


@dataclass(frozen=True)
class Batch:
    """Samples that one call of the model gave.

    Attributes:
        samples: those that are kept, in order.
        drawn: how many were made for them.
        seconds: that the model took.
        offsets: which candidates of the shard they are, where samples are rejected.
        drawn_labels: how many were made of each label, where samples with labels are rejected.
    """

    samples: Samples
    drawn: int
    seconds: float
    offsets: np.ndarray | None = None
    drawn_labels: Mapping[int, int] | None = None


class Maker:
    """Makes the samples of any row of a job's plan; where some are rejected, for `Acceptance`."""

    def __init__(self, model: ExportedModel, job: Job, judge: Judge | None = None) -> None:
        self.job = job
        self._model = model
        self._plan = job.drawn
        self._judge = judge or (Realism(model) if job.signature == SCORE else None)

    def batches(self, row: PlanRow) -> Iterator[Batch]:
        """The samples of a shard, in order.

        Raises:
            ServingError: the model fails.
        """
        inputs, size = row.inputs(self._plan), self.job.internal_batch
        for start in range(0, row.count, size):
            part = {name: column[start : start + size] for name, column in inputs.items()}
            begun = time.perf_counter()
            values, columns = self.make(part)
            seconds = time.perf_counter() - begun
            kept = Samples(row.first + start, values, self.written(columns))
            yield Batch(kept, len(values), seconds)

    def make(self, inputs: Columns) -> tuple[np.ndarray, Columns]:
        """The values [n, *shape] and all columns of samples with the given inputs.

        Raises:
            ServingError: the model fails.
        """
        description, size = self._model.description, self.job.internal_batch
        signature = maker_of(self._plan, description, inputs)
        names = description.inputs(signature)
        arrays = {name: inputs[name] for name in names if name in inputs}
        if "latent" in names:
            arrays["latent"] = self._latents(inputs)
        outputs = self._model.run(signature, arrays, size)
        values = outputs.pop(description.sample_output)
        columns = {**inputs, **outputs}
        if self._judge is not None:
            columns[self._judge.name] = self._judge(values, columns, size)
        if self.job.signature == SCORE:
            return columns[Realism.name], columns
        return values, columns

    def written(self, columns: Columns) -> Columns:
        """Those columns that are written beside the samples."""
        return {name: columns[name] for name in self.job.columns}

    def _latents(self, inputs: Columns) -> np.ndarray:
        if isinstance(self._plan, Paths):
            return self._on_paths(inputs, self._plan.steps)
        assert isinstance(self._plan, Grid)
        drawn = self._seed_latents(inputs["seed"])
        points = np.array(self._plan.points, np.float64)[inputs["point"]]
        for code, values in zip(self._plan.codes, points.T, strict=True):
            set_code(drawn, self._model.description, code, values)
        return drawn

    def _on_paths(self, inputs: Columns, steps: int) -> np.ndarray:
        ends = np.unique(np.concatenate([inputs["seed"], inputs["seed_to"]]))
        drawn = dict(zip(ends.tolist(), self._seed_latents(ends), strict=True))
        description = self._model.description
        rows: list[np.ndarray] = []
        paths: dict[tuple[int, int], np.ndarray] = {}
        for pair in zip(inputs["seed"].tolist(), inputs["seed_to"].tolist(), strict=True):
            if pair not in paths:
                a, b = drawn[pair[0]], drawn[pair[1]]
                paths[pair] = latents.path(
                    a, b, steps, description.prior, description.latent_layout
                )
            rows.append(paths[pair][inputs["step"][len(rows)]])
        return np.stack(rows)

    def _seed_latents(self, seeds: np.ndarray) -> np.ndarray:
        outputs = self._model.run("latents", {"seed": seeds}, self.job.internal_batch)
        return np.array(outputs["latent"])


def maker_of(plan: Plan, description: Description, inputs: Columns) -> str:
    """Returns the signature that makes the samples of a plan.

    Raises:
        UsageError: the model has none that can, saying what to pass instead.
    """
    decoded = isinstance(plan, Grid | Paths)
    conditioned = "label" in inputs or "text" in inputs
    signature = "decode" if decoded else "generate_conditional" if conditioned else "generate"
    if "label" in inputs:
        description.check_labels(inputs["label"])
    if not description.has_signature(signature):
        if signature == "generate":
            raise UsageError("label: received none, but this model generates under a label only.")
        raise UsageError(
            f"signature: this export has no {signature!r}, which the plan needs; it has "
            f"{', '.join(sorted(description.document['signatures']))}."
        )
    needed = set(description.inputs(signature)) - {"latent"}
    if missing := needed - set(inputs):
        name = sorted(missing)[0]
        raise UsageError(f"{name}: the plan gives none, and {signature!r} of this model needs it.")
    for name in ("label", "text"):
        if name in inputs and name not in needed:
            raise UsageError(f"{name}: this model takes no {name}; leave it out.")
    if decoded:
        description.outputs("latents")
    return signature


def set_code(drawn: np.ndarray, description: Description, code: str, values: np.ndarray) -> None:
    """Puts the values [n] of a code into latents [n, z].

    A one-hot code takes the place of its one, any other code the number itself; `NAME.i` is
    number i of a code of several.

    Raises:
        UsageError: the model has no such code, or it has no such value.
    """
    name, _, index = code.partition(".")
    parts = {part["name"]: part for part in description.latent_layout}
    parts.pop("noise", None)
    if not parts:
        raise UsageError(
            f"grid: received the code {code!r}, and the latents of this model hold noise alone; "
            "train one with codes, or use --interpolate."
        )
    if name not in parts:
        raise UsageError(f"grid: the model has no code {name!r}; it has {', '.join(parts)}.")
    part = parts[name]
    start, size = part["start"], part["size"]
    if part.get("kind") in ("one_hot", "categorical"):
        places = values.astype(np.int64)
        if (places != values).any() or (places < 0).any() or (places >= size).any():
            raise UsageError(f"grid: {name!r} takes the whole numbers 0 to {size - 1}.")
        drawn[:, start : start + size] = np.eye(size, dtype=np.float32)[places]
        return
    place = int(index) if index.isdecimal() else 0
    if place >= size or (size > 1 and not index.isdecimal()):
        raise UsageError(f"grid: {name!r} has {size} numbers; write {name}.0 to {name}.{size - 1}.")
    drawn[:, start + place] = values
