"""Which samples somebody asks for, turned into a plan that fits the model."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from serving.bulk import making, tables
from serving.bulk.judges import Confidence, Realism
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
from serving.description import Description
from serving.errors import UsageError

Label = int | str


@dataclass(frozen=True)
class Selection:
    """Which samples: at most one of the ways below, and what they share.

    Attributes:
        count: how many; for a grid, how many seeds.
        seed: of the first sample.
        label: number or name of every sample's label; None draws labels as the data has them.
        per_class: so many of every class.
        proportions: shares by label; the counts add up to `count`.
        rows: a .csv or .parquet file with the column `seed` and the model's condition.
        captions: a text file with a caption a line, for a model with a text condition.
        grid: values of codes by name; every combination for every seed.
        interpolate: pairs of seeds to go between.
        steps: samples per pair, both ends among them.
        min_realism: keep only samples with at least this logit of the discriminator.
        classifier: folder of a SavedModel that classifies samples.
        min_confidence: keep only samples of whose label the classifier is so sure.
        best_of: make so many and keep the `count` most real ones.
    """

    count: int | None = None
    seed: int = 0
    label: Label | None = None
    per_class: int | None = None
    proportions: Mapping[Label, float] | None = None
    rows: str | None = None
    captions: str | None = None
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
        ways = {
            name: getattr(self, name) is not None
            for name in ("per_class", "proportions", "rows", "captions", "grid", "interpolate",
                         "min_realism", "min_confidence", "best_of")
        }  # fmt: skip
        chosen = [name for name, is_chosen in ways.items() if is_chosen]
        if len(chosen) > 1:
            raise UsageError(f"{chosen[1]}: it does not go together with {chosen[0]}; pass one.")
        counts_itself = bool({"per_class", "rows", "captions", "interpolate"} & set(chosen))
        if counts_itself and self.count is not None:
            raise UsageError(f"count: {chosen[0]} says how many; leave it out.")
        if not counts_itself and (self.count is None or self.count < 1):
            raise UsageError(f"count: received {self.count}; expected 1 or more.")
        if self.label is not None and {"per_class", "proportions", "rows"} & set(chosen):
            raise UsageError(f"label: {chosen[0]} says which; leave it out.")
        if (self.min_confidence is None) != (self.classifier is None):
            raise UsageError("classifier: it goes together with min_confidence; pass both.")
        self._check_numbers()

    def _check_numbers(self) -> None:
        if not -MAX_SEED - 1 <= self.seed <= MAX_SEED:
            raise UsageError(f"seed: {self.seed} does not fit 64 bits; use a smaller one.")
        if self.per_class is not None and self.per_class < 1:
            raise UsageError(f"per_class: received {self.per_class}; expected 1 or more.")
        if self.interpolate is not None and (self.steps < 2 or not self.interpolate):
            raise UsageError(f"steps: received {self.steps}; expected 2 (the two ends) or more.")
        if self.best_of is not None and self.best_of < (self.count or 1):
            raise UsageError(
                f"best_of: received {self.best_of}; expected more than the count, {self.count}."
            )

    def plan(self, description: Description) -> tuple[Plan, Columns | None]:
        """Returns the plan for a model, and the inputs of all samples where a file names them.

        Raises:
            UsageError: the model cannot give such samples, or a file cannot be read.
        """
        plan, table = self._plan(description)
        first = plan.columns(0, 1) if table is None else {n: c[:1] for n, c in table.items()}
        if isinstance(plan, Proportions):
            first["label"] = np.array(plan.labels, np.int64)
        elif table is not None and "label" in table:
            first["label"] = table["label"]
        if isinstance(plan, Grid):
            self._check_codes(plan, description)
        making.maker_of(plan, description, first)
        return plan, table

    def _plan(self, description: Description) -> tuple[Plan, Columns | None]:
        label = None if self.label is None else label_number(description, self.label)
        if self.rows is not None:
            return _table(tables.read_rows(self.rows, description), "rows")
        if self.captions is not None:
            return _table(tables.read_captions(self.captions, self.seed, description), "captions")
        if self.per_class is not None:
            return PerClass(self.seed, self.per_class, _num_classes(description)), None
        if self.interpolate is not None:
            pairs = [list(pair) for pair in self.interpolate]
            return Paths(pairs, self.steps, label), None
        assert self.count is not None  # __post_init__ has seen to it
        if self.proportions is not None:
            return self._proportions(description, self.proportions, self.count), None
        if self.grid is not None:
            codes = {name: list(map(float, values)) for name, values in self.grid.items()}
            return Grid(self.seed, self.count, codes, label), None
        if self.min_realism is not None or self.min_confidence is not None:
            return self._rejection(description, self.count, label), None
        return Seeds(self.seed, self.count, label), None

    def scored(self, description: Description) -> Plan:
        """The plan of the first pass of `best_of`: all candidates."""
        assert self.best_of is not None
        _check_score(description)
        everything = replace(self, count=self.best_of, best_of=None)
        return everything.plan(description)[0]

    def best(self, scores: Columns) -> tuple[Plan, Columns]:
        """The plan of its second pass: the most real candidates, by seed; of equals the first."""
        assert self.best_of is not None and self.count is not None
        order = np.lexsort((scores["seed"], -scores[Realism.name]))[: self.count]
        columns = {name: scores[name][np.sort(order)] for name in scores if name != Realism.name}
        details = {
            "best_of": self.best_of,
            "seed": self.seed,
            "label": self.label,
            "lowest": float(scores[Realism.name][order[-1]]),
        }
        return _table(columns, "best", details)

    def _proportions(
        self, description: Description, proportions: Mapping[Label, float], count: int
    ) -> Proportions:
        labels = [label_number(description, label) for label in proportions]
        if len(set(labels)) < len(labels):
            raise UsageError("proportions: a label is there twice; give each one share.")
        return Proportions(self.seed, labels, largest_remainder(list(proportions.values()), count))

    def _rejection(self, description: Description, count: int, label: int | None) -> Rejection:
        if self.min_realism is not None:
            _check_score(description)
            return Rejection(self.seed, count, Realism.name, self.min_realism, label)
        assert self.min_confidence is not None and self.classifier is not None
        if not 0 < self.min_confidence <= 1:
            raise UsageError(
                f"min_confidence: received {self.min_confidence}; expected more than 0, at most 1."
            )
        found = Confidence(self.classifier).fingerprint
        return Rejection(self.seed, count, Confidence.name, self.min_confidence, label, found)

    def _check_codes(self, plan: Grid, description: Description) -> None:
        layout = description.latent_layout
        nothing = np.zeros((len(plan.points), max(p["start"] + p["size"] for p in layout)))
        for code, values in zip(plan.codes, np.array(plan.points).T, strict=True):
            making.set_code(nothing, description, code, values)


def label_number(description: Description, label: Label) -> int:
    """Returns the number of a label that is given by number or name.

    Raises:
        UsageError: the model does not know it.
    """
    text = str(label).strip()
    if text in description.label_names:
        number = description.label_names.index(text)
    elif text.lstrip("-").isdecimal():
        number = int(text)
    else:
        names = ", ".join(description.label_names) or "none; pass a number"
        raise UsageError(f"label: {text!r} is no name of a label; there are {names}.")
    description.check_labels(np.array([number]))
    return number


def _num_classes(description: Description) -> int:
    if description.num_classes is None:
        raise UsageError("per_class: the model is not conditional on a label; pass count.")
    return description.num_classes


def _check_score(description: Description) -> None:
    if not description.has_signature("score"):
        raise UsageError(
            "min_realism: this export has no 'score' signature (its discriminator may judge "
            "several samples at once); use a classifier."
        )


def _table(
    columns: Columns, source: str, details: dict[str, Any] | None = None
) -> tuple[Table, Columns]:
    digest = hashlib.sha256()
    for name, column in sorted(columns.items()):
        content = column.tobytes() if column.dtype != object else b"\0".join(column)
        digest.update(name.encode() + b"\0" + content)
    rows = len(columns["seed"])
    return Table(sorted(columns), rows, digest.hexdigest(), source, details), columns
