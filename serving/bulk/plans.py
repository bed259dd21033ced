"""Which samples a job has: each plan gives the inputs of sample i by arithmetic, or from a table.

A plan is a value; its document is part of the manifest, and an equal document is an equal plan.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from math import gcd
from typing import Any, ClassVar, Protocol

import numpy as np

from serving.errors import UsageError

Columns = dict[str, np.ndarray]
# A value for all samples, by the name of the input: the number of a label, a text, or attributes.
Condition = Mapping[str, int | str | Sequence[float]]

MAX_SEED = 2**63 - 1
SHARD_SEEDS = 2**32  # how many seeds a shard owns where samples are rejected


class Plan(Protocol):
    """Which samples a job has.

    Attributes:
        kind: the plan's name in documents.
    """

    kind: ClassVar[str]

    @property
    def count(self) -> int:
        """How many samples."""

    def columns(self, first: int, count: int) -> Columns:
        """The inputs of samples `first` to `first + count`: "seed", and what else it takes."""


@dataclass(frozen=True)
class Seeds:
    """Sample i has the seed `seed` + i, under one condition or what the model draws.

    Attributes:
        condition: what every sample is made under, by the input's name: a label, a text or
            attributes.
    """

    kind: ClassVar[str] = "seeds"
    seed: int
    count: int
    condition: Condition = field(default_factory=dict)

    def columns(self, first: int, count: int) -> Columns:
        """See `Plan`."""
        return _seeds(self.seed, first, count) | _constants(self.condition, count)


@dataclass(frozen=True)
class PerClass:
    """As many of every class, in turn: sample i has the label i modulo the number of classes.

    Attributes:
        condition: what every sample is made under beside its label.
    """

    kind: ClassVar[str] = "per_class"
    seed: int
    per_class: int
    num_classes: int
    condition: Condition = field(default_factory=dict)

    @property
    def count(self) -> int:
        """See `Plan`."""
        return self.per_class * self.num_classes

    def columns(self, first: int, count: int) -> Columns:
        """See `Plan`."""
        labels = np.arange(first, first + count, dtype=np.int64) % self.num_classes
        return (
            _seeds(self.seed, first, count) | {"label": labels} | _constants(self.condition, count)
        )


@dataclass(frozen=True)
class Proportions:
    """Classes in given numbers, mixed evenly by a fixed permutation.

    Attributes:
        labels: the classes.
        counts: how many of each, `largest_remainder` of what was asked for.
        condition: what every sample is made under beside its label.
    """

    kind: ClassVar[str] = "proportions"
    seed: int
    labels: Sequence[int]
    counts: Sequence[int]
    condition: Condition = field(default_factory=dict)

    @property
    def count(self) -> int:
        """See `Plan`."""
        return sum(self.counts)

    def columns(self, first: int, count: int) -> Columns:
        """See `Plan`."""
        ends = list(itertools.accumulate(self.counts))
        factor, total = _stride(self.count), self.count
        places = np.array([i * factor % total for i in range(first, first + count)], np.int64)
        found = np.searchsorted(np.array(ends), places, side="right")
        labels = np.array(self.labels, np.int64)[found]
        return (
            _seeds(self.seed, first, count) | {"label": labels} | _constants(self.condition, count)
        )


@dataclass(frozen=True)
class Table:
    """Explicit rows of a file; the shards carry them.

    Attributes:
        names: the columns, "seed" among them.
        rows: how many.
        sha256: over the values.
        source: "rows", "captions" or "best": what the table was made from.
    """

    kind: ClassVar[str] = "table"
    names: Sequence[str]
    rows: int
    sha256: str
    source: str
    details: Mapping[str, Any] | None = None

    @property
    def count(self) -> int:
        """See `Plan`."""
        return self.rows

    def columns(self, first: int, count: int) -> Columns:
        """Never: the shards carry them."""
        raise NotImplementedError("The rows of a table travel with its shards.")


@dataclass(frozen=True)
class Grid:
    """Every combination of code values, for each of several seeds: the noise stays, codes change.

    Attributes:
        seeds: how many, from `seed` on.
        codes: values of each code, by its name in the latent's layout.
        condition: what every sample is made under.
    """

    kind: ClassVar[str] = "grid"
    seed: int
    seeds: int
    codes: Mapping[str, Sequence[float]]
    condition: Condition = field(default_factory=dict)

    @property
    def points(self) -> list[tuple[float, ...]]:
        """The combinations, the last code changing fastest."""
        return list(itertools.product(*self.codes.values()))

    @property
    def count(self) -> int:
        """See `Plan`."""
        return self.seeds * len(self.points)

    def columns(self, first: int, count: int) -> Columns:
        """See `Plan`; "point" is the number of the combination."""
        ids, points = np.arange(first, first + count, dtype=np.int64), len(self.points)
        places = {"seed": self.seed + ids // points, "point": ids % points}
        return places | _constants(self.condition, count)


@dataclass(frozen=True)
class Paths:
    """The ways between pairs of seeds, `steps` samples each with both ends."""

    kind: ClassVar[str] = "paths"
    pairs: Sequence[Sequence[int]]
    steps: int
    condition: Condition = field(default_factory=dict)

    @property
    def count(self) -> int:
        """See `Plan`."""
        return len(self.pairs) * self.steps

    def columns(self, first: int, count: int) -> Columns:
        """See `Plan`; "seed_to" is the other end, "step" the place between."""
        ids = np.arange(first, first + count, dtype=np.int64)
        ends = np.array(self.pairs, np.int64)[ids // self.steps]
        places = {"seed": ends[:, 0], "seed_to": ends[:, 1], "step": ids % self.steps}
        return places | _constants(self.condition, count)


@dataclass(frozen=True)
class Rejection:
    """Only samples that pass, as many of each label as another plan has.

    Shard s draws from the seeds `seed` + s·2³² + j until it is full; `Acceptance` says which j.

    Attributes:
        of: the plan that says how many, and of which labels.
        by: "realism" (the discriminator's logit) or "confidence" (a classifier's, for the sample's
            label, or its surest class where there are no labels).
        at_least: the bound.
        classifier: the fingerprint of the classifier, or None.
    """

    kind: ClassVar[str] = "rejection"
    of: Seeds | PerClass | Proportions
    by: str
    at_least: float
    classifier: str | None = None

    @property
    def seed(self) -> int:
        """Of the first candidate."""
        return self.of.seed

    @property
    def count(self) -> int:
        """See `Plan`."""
        return self.of.count

    def columns(self, first: int, count: int) -> Columns:
        """The samples as they would be if all passed: their labels hold, their seeds do not."""
        return self.of.columns(first, count)

    def conditions(self, count: int) -> Columns:
        """What candidates are made under beside their labels."""
        others = {name: value for name, value in self.of.condition.items() if name != "label"}
        return _constants(others, count)

    def seeds(self, shard: int, offsets: np.ndarray) -> np.ndarray:
        """The seeds of candidates of a shard."""
        return self.seed + shard * SHARD_SEEDS + offsets


PLANS: dict[str, type[Any]] = {
    plan.kind: plan for plan in (Seeds, PerClass, Proportions, Table, Grid, Paths, Rejection)
}


def document_of(plan: Plan) -> dict[str, Any]:
    """A plan as a JSON object."""
    fields: dict[str, Any] = asdict(plan)  # type: ignore[call-overload]
    if isinstance(plan, Rejection):
        fields["of"] = document_of(plan.of)
    return {"kind": plan.kind, **fields}


def plan_of(document: Mapping[str, Any]) -> Plan:
    """The plan that `document_of` described."""
    fields = dict(document)
    kind = fields.pop("kind")
    if kind == Rejection.kind:
        fields["of"] = plan_of(fields["of"])
    plan: Plan = PLANS[kind](**fields)
    return plan


def largest_remainder(shares: Sequence[float], total: int) -> list[int]:
    """Splits `total` by `shares` into whole numbers that add up to it exactly.

    Each gets its quota rounded down, and those with the largest remainders one more; of equal
    remainders the first.

    Raises:
        UsageError: a share is negative or no finite number, or all are 0.
    """
    sound = all(math.isfinite(share) and share >= 0 for share in shares) and any(shares)
    if not sound:
        raise UsageError(f"proportions: received {list(shares)}; expected positive shares.")
    exact = [Fraction(str(share)) for share in shares]
    quotas = [share * total / sum(exact) for share in exact]
    counts = [int(quota) for quota in quotas]
    order = sorted(range(len(quotas)), key=lambda i: counts[i] - quotas[i])
    for i in order[: total - sum(counts)]:
        counts[i] += 1
    return counts


def check_seeds(plan: Plan, num_shards: int) -> None:
    """Refuses a plan without samples, or whose seeds leave 64 bits.

    Raises:
        UsageError: naming the seed.
    """
    if plan.count < 1:
        raise UsageError(f"count: received {plan.count}; expected 1 or more.")
    if isinstance(plan, Table | Paths):
        return
    seed = plan.seed  # type: ignore[attr-defined]
    width = num_shards * SHARD_SEEDS if isinstance(plan, Rejection) else plan.count
    if not -MAX_SEED - 1 <= seed <= MAX_SEED - width + 1:
        raise UsageError(f"seed: {seed} + {width} seeds do not fit 64 bits; use a smaller one.")


def _seeds(seed: int, first: int, count: int) -> Columns:
    return {"seed": seed + first + np.arange(count, dtype=np.int64)}


def _constants(condition: Condition, count: int) -> Columns:
    """The same values for every sample."""
    return {name: _repeated(value, count) for name, value in condition.items()}


def _repeated(value: int | str | Sequence[float], count: int) -> np.ndarray:
    """Numbers as int64 [n], texts as bytes [n], attributes as float32 [n, k]."""
    if isinstance(value, int):
        return np.full(count, value, np.int64)
    if isinstance(value, str):
        return np.full(count, value.encode("utf-8", "surrogateescape"), object)
    return np.tile(np.array(value, np.float32), (count, 1))


def _stride(total: int) -> int:
    """A number near total / golden ratio that shares no factor with it: i·stride visits all."""
    stride = max(1, round(total * 0.6180339887))
    while gcd(stride, total) != 1:
        stride += 1
    return stride
