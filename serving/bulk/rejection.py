"""The samples of a shard that pass a bound, as many of each label as the plan puts there."""

import time
from collections.abc import Iterator

import numpy as np

from serving.bulk.formats import Samples
from serving.bulk.job import ShardSpec
from serving.bulk.plans import SHARD_SEEDS, Columns, Rejection
from serving.bulk.sampler import Batch, ShardSampler
from serving.errors import ServingError

# A shard gives up when fewer of the candidates of a label pass.
_LOWEST_SHARE = 1e-3
_FEW = 10_000
# The column of offsets, while samples wait for their places.
_OFFSET = "offset"


class Acceptance:
    """Draws one shard of a plan with rejection.

    Number c of the C labels that the shard holds, in ascending order, has the candidates
    j = c + C·i, i = 0, 1, …, and the places of its label take those that pass, in order. So what is
    kept depends on the spec alone: not on the calls that the candidates came in, nor on how many of
    another label pass. Calls are filled with candidates for the first places that are open, so
    what waits for a place before its own is seldom more than a few calls' samples.
    """

    def __init__(self, sampler: ShardSampler, plan: Rejection, spec: ShardSpec) -> None:
        """Begins a shard."""
        self._sampler, self._plan, self._spec = sampler, plan, spec
        self._size = sampler.job.internal_batch
        labels = plan.columns(spec.first, spec.count).get("label")
        if labels is None:
            self._labels, self._places = None, np.zeros(spec.count, np.int64)
        else:
            self._labels, self._places = np.unique(labels, return_inverse=True)
        # Per label: how many places, candidates made, kept, and needed for those.
        self._quotas = np.bincount(self._places)
        self._made = np.zeros_like(self._quotas)
        self._kept = np.zeros_like(self._quotas)
        self._needed = np.zeros_like(self._quotas)
        self._by_label = np.argsort(self._places, kind="stable")
        self._filled = np.zeros(spec.count, bool)
        self._head = 0  # the first open place
        self._waiting: list[tuple[np.ndarray, np.ndarray, Columns]] = []

    def batches(self) -> Iterator[Batch]:
        """The samples of the shard, in order.

        Raises:
            ServingError: the model fails, or far too few samples pass.
        """
        while self._head < self._spec.count:
            self._check_share()
            before = self._drawn()
            labels, numbers = self._candidates()
            offsets = self._offsets(labels, numbers)
            begun = time.perf_counter()
            values, columns = self._sampler.make(self._inputs(labels, offsets))
            seconds = time.perf_counter() - begun
            places, kept = self._kept_of(labels, numbers, columns[self._plan.by])
            columns = self._sampler.written(columns) | {_OFFSET: offsets}
            self._waiting.append((places, values[kept], _rows(columns, kept)))
            yield self._ready(self._drawn() - before, seconds)

    def _candidates(self) -> tuple[np.ndarray, np.ndarray]:
        """The labels [size] of the next call's candidates, and which one of its label each is."""
        window = slice(self._head, self._head + self._size)
        open_places = self._places[window][~self._filled[window]]
        labels = np.resize(open_places, self._size)
        numbers = self._made[labels] + _ranks(labels)
        self._made += np.bincount(labels, minlength=len(self._made))
        return labels, numbers

    def _offsets(self, labels: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        offsets = labels + len(self._quotas) * numbers
        if offsets.max() >= SHARD_SEEDS:
            raise ServingError(
                f"rejection: shard {self._spec.name} needs more than its {SHARD_SEEDS} seeds; pass "
                "smaller --rows-per-shard."
            )
        return offsets

    def _inputs(self, labels: np.ndarray, offsets: np.ndarray) -> Columns:
        seeds = {"seed": self._plan.seeds(self._spec.shard, offsets)}
        inputs = seeds | self._plan.conditions(len(offsets))
        return inputs if self._labels is None else inputs | {"label": self._labels[labels]}

    def _kept_of(
        self, labels: np.ndarray, numbers: np.ndarray, scores: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The places that are filled, and by which of the candidates."""
        passed = np.flatnonzero(scores >= np.float32(self._plan.at_least))
        ranks = self._kept[labels[passed]] + _ranks(labels[passed])
        fits = ranks < self._quotas[labels[passed]]
        kept, ranks = passed[fits], ranks[fits]
        self._kept += np.bincount(labels[kept], minlength=len(self._kept))
        np.maximum.at(self._needed, labels[kept], numbers[kept] + 1)
        firsts = np.cumsum(self._quotas) - self._quotas
        places = self._by_label[firsts[labels[kept]] + ranks]
        self._filled[places] = True
        return places, kept

    def _drawn(self) -> np.ndarray:
        """Candidates per label; what comes after the last that is needed has not been drawn."""
        return np.where(self._kept == self._quotas, self._needed, self._made)

    def _ready(self, drawn: np.ndarray, seconds: float) -> Batch:
        """The samples up to the first open place."""
        begun = self._head
        still_open = np.flatnonzero(~self._filled[begun:])
        self._head = begun + int(still_open[0]) if len(still_open) else self._spec.count
        places, values, columns = _joined(self._waiting)
        order = np.argsort(places)
        now, later = np.split(order, [self._head - begun])
        self._waiting = [(places[later], values[later], _rows(columns, later))]
        columns = _rows(columns, now)
        offsets = columns.pop(_OFFSET)
        samples = Samples(self._spec.first + begun, values[now], columns)
        labels = None
        if self._labels is not None:
            labels = dict(zip(self._labels.tolist(), drawn.tolist(), strict=True))
        return Batch(samples, int(drawn.sum()), seconds, offsets, labels)

    def _check_share(self) -> None:
        few = (self._made >= _FEW) & (self._kept < _LOWEST_SHARE * self._made)
        for label in np.flatnonzero(few & (self._kept < self._quotas)):
            of_label = "" if self._labels is None else f" of label {self._labels[label]}"
            raise ServingError(
                f"rejection: shard {self._spec.name} kept {self._kept[label]} of "
                f"{self._made[label]} samples{of_label} by {self._plan.by} >= "
                f"{self._plan.at_least}; choose a lower bound."
            )


def _ranks(labels: np.ndarray) -> np.ndarray:
    """For each of labels [n] how many equal ones come before it."""
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    ranks = np.empty_like(labels)
    ranks[order] = np.arange(len(labels)) - (np.cumsum(counts) - counts)[labels[order]]
    return ranks


def _rows(columns: Columns, rows: np.ndarray) -> Columns:
    return {name: column[rows] for name, column in columns.items()}


def _joined(
    parts: list[tuple[np.ndarray, np.ndarray, Columns]],
) -> tuple[np.ndarray, np.ndarray, Columns]:
    places, values, columns = zip(*parts, strict=True)
    names = columns[0]
    return (
        np.concatenate(places),
        np.concatenate(values),
        {name: np.concatenate([part[name] for part in columns]) for name in names},
    )
