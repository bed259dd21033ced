"""Sets of samples that are gone through block by block, so that they need not fit in memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from trainer.data.examples import Examples, read
from trainer.errors import MetricError

# Samples of a block: enough for fast arithmetic, few enough for large images.
BLOCK = 256
# Beyond so much memory samples that come from files are read from a file of the cache.
MEMORY_GIB = 1.0
# Generated samples are kept up to this size; beyond it every pass makes them again.
_KEPT_BYTES = 512 * 2**20
# Numbers of one side that a metric may hold at once: a GiB in float32.
_MOST_NUMBERS = 2**28


@dataclass(frozen=True)
class SampleSet:
    """Samples in a fixed order, as often as they are asked for.

    Attributes:
        count: how many there are.
        make: a function from a range of positions to those samples [n, *shape], as stored; the same
            ones every time.
        labels: int64 [count], or None.
        truth: what each sample should be, sample by sample; None where nobody knows.
        given: the picture that each was made of; None where there is none.
    """

    count: int
    make: Callable[[np.ndarray], np.ndarray]
    labels: np.ndarray | None = None
    truth: "SampleSet | None" = None
    given: "SampleSet | None" = None

    @classmethod
    def of_examples(cls, examples: Examples, limit: int | None = None) -> "SampleSet":
        """The examples, or a fixed random choice of `limit` of them."""
        made = cls.of_array(examples.samples, limit)
        if examples.labels is None:
            return made
        return replace(made, labels=examples.labels[subset(len(examples), limit)])

    @classmethod
    def of_array(cls, array: np.ndarray, limit: int | None = None) -> "SampleSet":
        """The rows of a field [n, *shape], or a fixed random choice of `limit` of them."""
        rows = subset(len(array), limit)
        return cls(len(rows), lambda positions: read(array, rows[positions]))

    @classmethod
    def joined(cls, parts: Sequence["SampleSet"], limit: int | None = None) -> "SampleSet":
        """The samples of several sets one after the other, or a fixed random choice of `limit`.

        Labels are kept where every part has some.
        """
        ends = np.cumsum([part.count for part in parts])
        rows = subset(int(ends[-1]), limit)

        def make(positions: np.ndarray) -> np.ndarray:
            chosen = rows[positions]
            owners = np.searchsorted(ends, chosen, side="right")
            made = [
                part.make(chosen[owners == i] - (ends[i] - part.count))
                for i, part in enumerate(parts)
            ]
            # Back from the order of the parts to that of the positions.
            return np.concatenate(made)[np.argsort(np.argsort(owners, kind="stable"))]

        labels = [part.labels for part in parts if part.labels is not None]
        whole = np.concatenate(labels)[rows] if len(labels) == len(parts) else None
        return cls(len(rows), make, whole)

    def blocks(self) -> Iterator[np.ndarray]:
        """All samples in order, [at most BLOCK, *shape] at a time."""
        if self._kept is not None:
            yield from (self._kept[i : i + BLOCK] for i in range(0, self.count, BLOCK))
            return
        for start in range(0, self.count, BLOCK):
            yield self.make(np.arange(start, min(start + BLOCK, self.count)))

    def take(self, positions: np.ndarray) -> np.ndarray:
        """The samples at some positions [n], in that order: [n, *shape]."""
        return self.make(np.asarray(positions)) if self._kept is None else self._kept[positions]

    def all(self) -> np.ndarray:
        """All samples at once, for metrics that cannot go through them block by block.

        Raises:
            MetricError: where they would not fit into memory with what is made of them.
        """
        one = self.make(np.arange(1))
        if one.size * self.count > _MOST_NUMBERS:
            raise MetricError(
                f"{self.count} samples of {one.size} numbers are too many to hold at once; set "
                f"evaluate.num_samples={_MOST_NUMBERS // one.size} or less."
            )
        return self.take(np.arange(self.count))

    def rows(self) -> np.ndarray:
        """All samples at once as rows [n, d]; see `all`."""
        return self.all().reshape(self.count, -1)

    @cached_property
    def _kept(self) -> np.ndarray | None:
        """All samples, where they are few."""
        first = self.make(np.arange(min(BLOCK, self.count)))
        if first.nbytes * (self.count / len(first)) > _KEPT_BYTES:
            return None
        starts = range(len(first), self.count, BLOCK)
        rest = [self.make(np.arange(i, min(i + BLOCK, self.count))) for i in starts]
        return np.concatenate([first, *rest])


def pairs_within(labels: np.ndarray, limit: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of at most `limit` random pairs of one label each; no position stands in two.

    Args:
        labels: integers [n].
        limit: of pairs.
        seed: of the choice.

    Returns:
        First and second of each pair, int64 [at most limit].
    """
    order = np.random.RandomState(seed).permutation(len(labels))
    by_label = order[np.argsort(labels[order], kind="stable")]
    # An odd label shifts the pairs behind it by one; those of two labels are left out.
    first, second = by_label[:-1:2], by_label[1::2]
    same = np.flatnonzero(labels[first] == labels[second])
    chosen = np.random.RandomState(seed).permutation(same)[:limit]
    return first[chosen], second[chosen]


def subset(count: int, limit: int | None) -> np.ndarray:
    """Sorted positions of a choice of `limit` among `count`: the same ones for ever, int64."""
    if limit is None or limit >= count:
        return np.arange(count)
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    return np.sort(np.random.RandomState(count).permutation(count)[:limit])
