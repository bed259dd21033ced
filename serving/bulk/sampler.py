"""Samples of a shard, batch by batch, from an export."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from serving import latents
from serving.bulk.folders import FILE, read_pictures
from serving.bulk.formats import Samples
from serving.bulk.job import Job, ShardSpec
from serving.bulk.plans import Columns, Grid, Paths, Plan
from serving.bulk.scorers import Realism, Scorer
from serving.description import Description, Signature
from serving.errors import UsageError
from serving.exported import ExportedModel
from serving.fields import IMAGE, LATENT, SEED, STRING
from serving.tiles import Mosaic, Tiling

# The signature of the first pass of `best_of`.
SCORES = "generate, then score"

# Columns of plans that say where a sample stands, and are no input of the model.
_PLACES = frozenset({"seed_to", "step", "point"})


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


class ShardSampler:
    """Makes the samples of any shard of a job's plan; where some are rejected, for `Acceptance`."""

    def __init__(
        self,
        model: ExportedModel,
        job: Job,
        scorer: Scorer | None = None,
        folder: str | None = None,
    ) -> None:
        """Prepares to make samples.

        Args:
            model: the export.
            job: which samples.
            scorer: of samples that may be rejected.
            folder: where the files lie that the plan names.
        """
        self.job = job
        self._model = model
        self._plan = job.drawn
        self._folder = folder
        self._scores = job.signature == SCORES
        self._scorer = scorer or (Realism(model) if self._scores else None)

    def batches(self, spec: ShardSpec) -> Iterator[Batch]:
        """The samples of a shard, in order.

        Raises:
            ServingError: the model fails.
        """
        inputs, size = spec.inputs(self._plan), self.job.internal_batch
        for start in range(0, spec.count, size):
            part = {name: column[start : start + size] for name, column in inputs.items()}
            begun = time.perf_counter()
            values, columns = self.make(part)
            seconds = time.perf_counter() - begun
            kept = Samples(spec.first + start, values, self.written(columns))
            yield Batch(kept, len(values), seconds)

    def make(self, inputs: Columns) -> tuple[np.ndarray, Columns]:
        """The values [n, *shape] and all columns of samples with the given inputs.

        Raises:
            ServingError: the model fails.
        """
        size = self.job.internal_batch
        asked = None if self._scores else self.job.signature
        signature = sampling_signature(self._plan, self._model.description, inputs, asked)
        arrays = {
            name: read_pictures(name, self._folder, inputs[name + FILE], field)
            if name + FILE in inputs
            else inputs[name]
            for name, field in signature.inputs.items()
            if name in inputs or name + FILE in inputs
        }
        latent = signature.first(LATENT)
        if latent is not None:
            arrays[latent] = self._latents(inputs)
        outputs = self._outputs(signature, arrays)
        values = outputs.pop(signature.main_output)
        columns = {**inputs, **outputs}
        if self._scorer is not None:
            columns[self._scorer.name] = self._scorer(values, columns, size)
        if self._scores:
            return columns[Realism.name], columns
        return values, columns

    def _outputs(self, signature: Signature, arrays: dict[str, np.ndarray]) -> Columns:
        """What the model makes, of large pictures in tiles."""
        size = self.job.internal_batch
        if self.job.tiling is None:
            return self._model.run(signature.name, arrays, size)
        tiling, output = Tiling(**self.job.tiling), signature.main_output
        mosaic = Mosaic(tiling, tiling.cut_inputs(signature.inputs, arrays))
        for parts in mosaic:
            mosaic.add(self._model.run(signature.name, {**arrays, **parts}, size)[output])
        return {output: mosaic.made}

    def written(self, columns: Columns) -> Columns:
        """Those columns that are written beside the samples."""
        return {name: columns[name] for name in self.job.columns}

    def _latents(self, inputs: Columns) -> np.ndarray:
        if isinstance(self._plan, Paths):
            return self._on_paths(inputs, self._plan.steps)
        drawn, layout = self._seed_latents(inputs["seed"]), self._model.description.latent_layout
        if isinstance(self._plan, Grid):
            points = np.array(self._plan.points, np.float64)[inputs["point"]]
            codes = dict(zip(self._plan.codes, points.T, strict=True))
        else:
            codes = {name: inputs[name] for name in codes_in(self._model.description, inputs)}
        for code, values in codes.items():
            latents.set_code(drawn, layout, code, values)
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


def sampling_signature(
    plan: Plan, description: Description, columns: Columns, asked: str | None = None
) -> Signature:
    """Returns the signature that makes the samples of a plan: its inputs are the plan's columns.

    Args:
        plan: which samples.
        description: of the model.
        columns: some rows of the plan.
        asked: the name of a signature; None for `generate`, `generate_conditional` or `decode`.

    Raises:
        UsageError: the model has none that can, saying what to pass instead.
    """
    codes = codes_in(description, columns) if asked in (None, "decode") else []
    decoded = isinstance(plan, Grid | Paths) or bool(codes)
    given = {name.removesuffix(FILE) for name in set(columns) - _PLACES - set(codes)}
    signature = _named(description, given - {SEED}, asked or ("decode" if decoded else None))
    latent = signature.first(LATENT) if decoded else None
    if decoded:
        description.signature("latents")
    if missing := set(signature.inputs) - given - {latent}:
        name = min(missing)
        raise UsageError(f"{name}: the plan gives none, and {signature.name!r} needs it.")
    if extra := given - set(signature.inputs) - {SEED}:
        raise UsageError(f"{min(extra)}: {signature.name!r} takes none; leave it out.")
    for name in set(columns) & set(signature.inputs):
        signature.inputs[name].check(name, columns[name])
    main = signature.outputs[signature.main_output]
    if main.dtype == STRING and main.kind == IMAGE:
        raise UsageError(
            f"signature: {signature.name!r} gives files; take the one that gives pixels, and "
            "--format png."
        )
    return signature


def codes_in(description: Description, columns: Columns) -> list[str]:
    """Which columns of a table are codes of the model's latents."""
    return [name for name in description.code_names if name in columns]


def _named(description: Description, condition: set[str], name: str | None) -> Signature:
    """The signature called `name`, or the one that generates under a condition."""
    if name is not None:
        return description.signature(name)
    name = "generate_conditional" if condition else "generate"
    if name == "generate" and not description.has_signature(name):
        needs = set(description.signature("generate_conditional").inputs) - {SEED}
        raise UsageError(
            f"{min(needs)}: received none, and this model generates under "
            f"{' and '.join(sorted(needs))} only."
        )
    if condition and not description.has_signature(name):
        raise UsageError(f"{min(condition)}: the model is not conditional on it; leave it out.")
    return description.signature(name)
