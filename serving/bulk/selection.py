"""Which samples somebody asks for, turned into a plan that fits the model."""

import hashlib
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from serving import latents
from serving.bulk import folders, sampler, tables
from serving.bulk.plans import (
    MAX_SEED,
    Columns,
    Grid,
    Paths,
    PerClass,
    Plan,
    Proportions,
    Rejection,
    Seeds,
    Table,
    largest_remainder,
)
from serving.bulk.scorers import Confidence, Realism, require_score
from serving.description import Description, Signature
from serving.errors import UsageError
from serving.fields import ALL, ATTRIBUTES, TEXT
from serving.files import absolute
from serving.tiles import Tiling

Label = int | str

_WAYS = ("per_class", "proportions", "rows", "captions", "files", "grid", "interpolate")
# What keeps some samples only, and the ways beside `count` that it goes together with.
_KEEPING = {
    "min_realism": ("per_class", "proportions"),
    "min_confidence": ("per_class", "proportions"),
    "best_of": ("per_class",),
}


@dataclass(frozen=True)
class Selection:
    """Which samples: at most one of the ways below, and what they share.

    What keeps some samples only (`min_realism`, `min_confidence`, `best_of`) goes together with
    `count`, alone or with `label`, and with `per_class`; with `proportions` the bounds do.

    Attributes:
        count: how many; for a grid, how many seeds.
        seed: of the first sample.
        label: number or name of every sample's label, or "all" for as many of every class, within
            one; None draws labels as the data has them.
        text: of every sample, for a model with a text condition; None draws texts as the data has
            them.
        attributes: of every sample by their names, for a model with attributes; those that are not
            named are the data's means. None draws them as the data has them.
        per_class: so many of every class.
        proportions: shares by label; the counts add up to `count`.
        rows: a .csv or .parquet file with the column `seed` and the model's condition.
        captions: a text file with a caption a line, for a model with a text condition.
        files: a folder of pictures, each of which becomes a sample.
        inputs: what else the signature takes beside `files`, by name: a folder of pictures with the
            same names, or one file or value for all.
        signature: what `rows` or `files` go through; None for `generate_conditional` and
            `translate`.
        tile: side of the tiles that larger pictures among `files` are cut into, for models that
            take any size; None cuts none.
        overlap: how many lines neighbouring tiles share; None for as many as suit the model.
        grid: values of codes by name or number; every combination for every seed.
        interpolate: pairs of seeds to go between.
        steps: samples per pair, both ends among them.
        min_realism: keep only samples with at least this logit of the discriminator.
        classifier: folder of a SavedModel that classifies samples.
        min_confidence: keep only samples of whose label the classifier is so sure.
        best_of: make so many and keep the `count` most real ones; with `per_class`, of every class.
    """

    count: int | None = None
    seed: int = 0
    label: Label | None = None
    text: str | None = None
    attributes: Mapping[str, float] | None = None
    per_class: int | None = None
    proportions: Mapping[Label, float] | None = None
    rows: str | None = None
    captions: str | None = None
    files: str | None = None
    inputs: Mapping[str, str] | None = None
    signature: str | None = None
    tile: int | None = None
    overlap: int | None = None
    grid: Mapping[str, Sequence[float]] | None = None
    interpolate: Sequence[tuple[int, int]] | None = None
    steps: int = 8
    min_realism: float | None = None
    classifier: str | None = None
    min_confidence: float | None = None
    best_of: int | None = None

    def __post_init__(self) -> None:
        """Refuses what no model could give.

        Raises:
            UsageError: naming the field.
        """
        way = self._one_of(_WAYS)
        keeping = self._one_of(_KEEPING)
        if keeping is not None and way not in (None, *_KEEPING[keeping]):
            raise UsageError(f"{keeping}: it does not go together with {way}; pass one.")
        counts_itself = way in ("per_class", "rows", "captions", "files", "interpolate")
        if counts_itself and self.count is not None:
            raise UsageError(f"count: {way} says how many; leave it out.")
        if not counts_itself and (self.count is None or self.count < 1):
            raise UsageError(f"count: received {self.count}; expected 1 or more.")
        if self.signature is not None and way not in ("rows", "files"):
            raise UsageError("signature: it goes together with rows or files; leave it out.")
        if way != "files":
            self._refuse_what_files_need()
        elif self.overlap is not None and self.tile is None:
            raise UsageError("overlap: it goes together with tile; pass both.")
        self._refuse_conditions(way)
        if (self.min_confidence is None) != (self.classifier is None):
            raise UsageError("classifier: it goes together with min_confidence; pass both.")
        self._check_numbers()

    def _refuse_conditions(self, way: str | None) -> None:
        """Refuses a condition beside a way that names those of its own."""
        others = ("per_class", "proportions", "rows", "captions", "files")
        if self.label is not None and way in others:
            raise UsageError(f"label: {way} says which; leave it out.")
        if self.text is not None and way in ("rows", "captions", "files"):
            raise UsageError(f"text: {way} says which; leave it out.")
        if self.attributes and way in ("rows", "captions", "files"):
            raise UsageError(f"attributes: {way} says which; leave them out.")

    def _refuse_what_files_need(self) -> None:
        if self.inputs:
            raise UsageError("inputs: they go together with files; leave them out.")
        for name in ("tile", "overlap"):
            if getattr(self, name) is not None:
                raise UsageError(f"{name}: it goes together with files; leave it out.")

    def _one_of(self, names: Iterable[str]) -> str | None:
        chosen = [name for name in names if getattr(self, name) is not None]
        if len(chosen) > 1:
            raise UsageError(f"{chosen[1]}: it does not go together with {chosen[0]}; pass one.")
        return chosen[0] if chosen else None

    def _check_numbers(self) -> None:
        if not -MAX_SEED - 1 <= self.seed <= MAX_SEED:
            raise UsageError(f"seed: {self.seed} does not fit 64 bits; use a smaller one.")
        if self.per_class is not None and self.per_class < 1:
            raise UsageError(f"per_class: received {self.per_class}; expected 1 or more.")
        if self.interpolate is not None and (self.steps < 2 or not self.interpolate):
            raise UsageError(f"steps: received {self.steps}; expected 2 (the two ends) or more.")
        if self.min_realism is not None and not math.isfinite(self.min_realism):
            raise UsageError(f"min_realism: received {self.min_realism}; expected a finite number.")
        for code, values in (self.grid or {}).items():
            if not values or not all(map(math.isfinite, values)):
                raise UsageError(
                    f"code: {code!r} has the values {list(values)}; expected finite numbers."
                )
        kept = self.per_class or self.count or 1
        if self.best_of is not None and self.best_of < kept:
            what = "count" if self.per_class is None else "samples per class"
            raise UsageError(
                f"best_of: received {self.best_of}; expected more than the {what}, {kept}."
            )

    def plan(self, description: Description) -> tuple[Plan, Columns | None]:
        """Returns the plan for a model, and the inputs of all samples where a file names them.

        Raises:
            UsageError: the model cannot give such samples, or a file cannot be read.
        """
        plan, table = self._plan(description)
        first = plan.columns(0, 1) if table is None else {n: c[:1] for n, c in table.items()}
        counted = plan.of if isinstance(plan, Rejection) else plan
        if isinstance(counted, Proportions):
            first["label"] = np.array(counted.labels, np.int64)
        if isinstance(plan, Grid):
            self._check_codes(plan, description)
        sampler.sampling_signature(plan, description, first, self.signature_name(description))
        return plan, table

    def signature_name(self, description: Description) -> str | None:
        """The signature that makes the samples; None where the plan's columns say which.

        Raises:
            UsageError: the model has none that takes files.
        """
        if self.files is None:
            return self.signature
        return folders.signature_of(description, self.signature).name

    def tiling(self, signature: Signature) -> Tiling | None:
        """How pictures are cut into tiles; None where they are not.

        Raises:
            UsageError: the signature takes no pictures of any size.
        """
        if self.tile is None:
            return None
        subject = signature.subject
        return Tiling.of(subject, signature.inputs[subject], self.tile, self.overlap)

    @property
    def folder(self) -> str | None:
        """Where the files lie that the plan may name."""
        place = self.files if self.rows is None else os.path.dirname(self.rows)
        return None if place is None else absolute(place)

    def _plan(self, description: Description) -> tuple[Plan, Columns | None]:
        if self.rows is not None:
            return self._of_files(tables.read_rows(self.rows, description, self.signature), "rows")
        if self.files is not None:
            signature = folders.signature_of(description, self.signature)
            found = folders.read_folder(self.files, signature, self.seed, self.inputs or {})
            return self._of_files(found, "files", named_by=signature.subject + folders.FILE)
        if self.captions is not None:
            return _table(tables.read_captions(self.captions, self.seed, description), "captions")
        if self.interpolate is not None:
            pairs = [list(pair) for pair in self.interpolate]
            return Paths(pairs, self.steps, self._condition(description)), None
        if self.grid is not None:
            assert self.count is not None  # __post_init__ has seen to it
            codes = {name: list(map(float, values)) for name, values in self.grid.items()}
            named = latents.by_name(description.latent_layout, codes)
            return Grid(self.seed, self.count, named, self._condition(description)), None
        counted = self._counted(description)
        if self.min_realism is not None or self.min_confidence is not None:
            return self._rejection(description, counted), None
        return counted, None

    def _of_files(self, columns: Columns, source: str, **details: Any) -> tuple[Table, Columns]:
        """A table, told apart by the contents of the files that it names too."""
        sha256 = folders.digest(self.folder, columns)
        return _table(columns, source, details | {"files": sha256} if sha256 else None)

    def _counted(self, description: Description) -> Seeds | PerClass | Proportions:
        """How many of which labels."""
        if self.per_class is not None:
            others = self._beside_labels(description)
            return PerClass(self.seed, self.per_class, _num_classes(description), others)
        assert self.count is not None  # __post_init__ has seen to it
        if self.proportions is not None:
            return self._proportions(description, self.proportions, self.count)
        if self.label == ALL and ALL not in description.label_names:
            every: dict[Label, float] = dict.fromkeys(range(_num_classes(description)), 1.0)
            return self._proportions(description, every, self.count)
        return Seeds(self.seed, self.count, self._condition(description))

    def _condition(self, description: Description) -> dict[str, int | str | list[float]]:
        """What every sample is made under, by the inputs' names."""
        others = self._beside_labels(description)
        if self.label is None:
            return others
        return {"label": label_number(description, self.label), **others}

    def _beside_labels(self, description: Description) -> dict[str, int | str | list[float]]:
        """What of it is no label."""
        condition: dict[str, int | str | list[float]] = {}
        if self.text is not None:
            condition[_input_of(TEXT, "text", description)] = self.text
        if self.attributes:
            name = _input_of(ATTRIBUTES, "attributes", description)
            field = description.signature("generate_conditional").inputs[name]
            condition[name] = field.by_name(name, self.attributes).tolist()
        return condition

    def scored(self, description: Description) -> Plan:
        """The plan of the first pass of `best_of`: all candidates."""
        assert self.best_of is not None
        require_score(description)
        if self.per_class is None:
            everything = replace(self, count=self.best_of, best_of=None)
        else:
            everything = replace(self, per_class=self.best_of, best_of=None)
        return everything.plan(description)[0]

    def best(self, scores: Columns) -> tuple[Plan, Columns]:
        """The plan of its second pass: the most real candidates, by seed; of equals the first."""
        order = np.lexsort((scores["seed"], -scores[Realism.name]))
        if self.per_class is None:
            kept = order[: self.count]
        else:
            labels = scores["label"][order]
            kept = np.concatenate([
                order[labels == label][: self.per_class] for label in np.unique(labels)
            ])  # fmt: skip
        columns = {name: scores[name][np.sort(kept)] for name in scores if name != Realism.name}
        details = self.pass_details | {"lowest": float(scores[Realism.name][kept].min())}
        return _table(columns, "best", details)

    @property
    def pass_details(self) -> dict[str, Any]:
        """What the second pass of `best_of` is told apart by, in its plan."""
        names = ("count", "per_class", "best_of", "seed", "label", "text", "attributes")
        return {name: getattr(self, name) for name in names}

    def _proportions(
        self, description: Description, proportions: Mapping[Label, float], count: int
    ) -> Proportions:
        labels = [label_number(description, label) for label in proportions]
        if len(set(labels)) < len(labels):
            raise UsageError("proportions: a label is there twice; give each one share.")
        counts = largest_remainder(list(proportions.values()), count)
        return Proportions(self.seed, labels, counts, self._beside_labels(description))

    def _rejection(
        self, description: Description, counted: Seeds | PerClass | Proportions
    ) -> Rejection:
        if self.min_realism is not None:
            require_score(description)
            return Rejection(counted, Realism.name, self.min_realism)
        assert self.min_confidence is not None and self.classifier is not None
        if not 0 < self.min_confidence <= 1:
            raise UsageError(
                f"min_confidence: received {self.min_confidence}; expected more than 0, at most 1."
            )
        found = Confidence(self.classifier).fingerprint
        return Rejection(counted, Confidence.name, self.min_confidence, found)

    def _check_codes(self, plan: Grid, description: Description) -> None:
        layout = description.latent_layout
        nothing = np.zeros((len(plan.points), max(p["start"] + p["size"] for p in layout)))
        for code, values in zip(plan.codes, np.array(plan.points).T, strict=True):
            latents.set_code(nothing, layout, code, values)


def label_number(description: Description, label: Label) -> int:
    """Returns the number of a label that is given by number or name.

    A text is a name if the model has it, else a number.

    Raises:
        UsageError: the model does not know it.
    """
    field = description.label
    if field is None:
        raise UsageError("label: the model is not conditional on a label; pass none.")
    number = field.read("label", label) if isinstance(label, str) else label
    return int(field.check("label", [number])[0])


def _input_of(kind: str, option: str, description: Description) -> str:
    """The name of the input of a kind, under which samples are made."""
    if description.has_signature("generate_conditional"):
        name = description.signature("generate_conditional").first(kind)
        if name is not None:
            return name
    raise UsageError(f"{option}: the model is not conditional on {option}; leave it out.")


def _num_classes(description: Description) -> int:
    if description.num_classes is None:
        raise UsageError("per_class: the model is not conditional on a label; pass count.")
    return description.num_classes


def _table(
    columns: Columns, source: str, details: dict[str, Any] | None = None
) -> tuple[Table, Columns]:
    digest = hashlib.sha256()
    for name, column in sorted(columns.items()):
        content = column.tobytes() if column.dtype != object else b"\0".join(column)
        digest.update(name.encode() + b"\0" + content)
    rows = len(next(iter(columns.values())))
    return Table(sorted(columns), rows, digest.hexdigest(), source, details), columns
