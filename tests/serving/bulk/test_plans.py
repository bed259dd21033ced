"""The arithmetic of plans, runs and shards."""

import itertools
import random

import numpy as np
import pytest

from serving import UsageError
from serving.bulk import runs
from serving.bulk.job import rows_per_shard
from serving.bulk.plans import (
    Grid,
    Paths,
    PerClass,
    Proportions,
    Rejection,
    Seeds,
    check_seeds,
    document_of,
    largest_remainder,
    plan_of,
)

PLANS = [
    Seeds(5, 23),
    Seeds(-3, 23, {"label": 2, "text": "a red bird"}),
    PerClass(0, 7, 3),
    PerClass(0, 7, 3, {"attributes": [0.5, 2.0]}),
    Proportions(9, [4, 1, 2], [11, 0, 12]),
    Proportions(9, [4, 1, 2], [11, 0, 12], {"text": "a red bird"}),
    Grid(1, 2, {"kind": [0.0, 1.0], "tilt": [-1.0, 0.0, 1.0]}),
    Paths([[1, 2], [2, 9]], 5, {"label": 1}),
    Rejection(Proportions(9, [4, 1, 2], [11, 0, 12]), "confidence", 0.5, "abc"),
]


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.kind)
def test_parts_of_a_plan_are_the_whole(plan):
    whole = plan.columns(0, plan.count)
    for size in (1, 4, 100):
        parts = [
            plan.columns(first, min(size, plan.count - first))
            for first in range(0, plan.count, size)
        ]
        for name, column in whole.items():
            np.testing.assert_array_equal(np.concatenate([p[name] for p in parts]), column)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.kind)
def test_a_document_is_the_plan(plan):
    assert document_of(plan_of(document_of(plan))) == document_of(plan)
    assert plan_of(document_of(plan)) == plan


@pytest.mark.parametrize(
    ("shares", "total", "counts"),
    [
        ([1, 1, 1], 10, [4, 3, 3]),
        ([0.1, 0.2, 0.7], 10, [1, 2, 7]),
        ([0.335, 0.335, 0.33], 100, [34, 33, 33]),
        ([3, 0, 1], 3, [2, 0, 1]),
        ([47, 16, 15.8, 12, 6.1, 3.1], 10, [5, 2, 1, 1, 1, 0]),
        ([1], 10**12 + 1, [10**12 + 1]),
    ],
)
def test_largest_remainder(shares, total, counts):
    assert largest_remainder(shares, total) == counts


def test_counts_by_shares_are_exact():
    generator = random.Random(0)
    for _ in range(200):
        shares = [generator.choice([0, 0.1, 1 / 3, generator.random()]) for _ in range(5)] + [0.5]
        total = generator.randrange(1, 1000)
        counts = largest_remainder(shares, total)
        assert sum(counts) == total
        exact = [share * total / sum(shares) for share in shares]
        assert all(abs(n - e) < 1 for n, e in zip(counts, exact, strict=True))


@pytest.mark.parametrize("shares", [[-0.1, 1], [0, 0], [float("nan"), 1], [float("inf")], []])
def test_shares_that_are_none(shares):
    with pytest.raises(UsageError, match="expected positive shares"):
        largest_remainder(shares, 10)


def test_proportions_are_exact_and_mixed():
    labels = Proportions(0, [3, 8], [700, 300]).columns(0, 1000)["label"]
    assert (np.sum(labels == 3), np.sum(labels == 8)) == (700, 300)
    # Every hundred in a row has its seventy, give or take a few.
    tens = [np.sum(labels[start : start + 100] == 3) for start in range(0, 1000, 100)]
    assert max(abs(n - 70) for n in tens) <= 5


def test_grid_has_every_combination_for_every_seed():
    grid = Grid(5, 2, {"a": [0, 1], "b": [7, 8, 9]})
    columns = grid.columns(0, grid.count)
    rows = [(s, *grid.points[p]) for s, p in zip(columns["seed"], columns["point"], strict=True)]
    assert rows == [(s, a, b) for s, a, b in itertools.product([5, 6], [0, 1], [7, 8, 9])]


def test_runs():
    packed = runs.pack(np.array([3, 3, 3, 4, 5, 6, 9, 1]))
    assert packed == {"runs": [[3, 0, 3], [4, 1, 3], [9, 0, 1], [1, 0, 1]]}
    generator = np.random.default_rng(0)
    for size in range(40):
        for column in (generator.integers(0, 4, size), np.cumsum(generator.integers(0, 3, size))):
            np.testing.assert_array_equal(runs.unpack(runs.pack(column)), column)
    texts = np.array([b"a", "é".encode()], object)
    assert list(runs.unpack(runs.pack(texts))) == list(texts)


@pytest.mark.parametrize(
    ("count", "rows"), [(1, 1024), (10**6, 1024), (10**8, 8192), (10**9, 65_536)]
)
def test_shards_grow_with_the_whole(count, rows):
    assert rows_per_shard(None, count, [28, 28, 1], "uint8") == rows


def test_too_few_digits_for_the_shards():
    with pytest.raises(UsageError, match=r"a shard's name has 5 digits; pass 10000101 or more"):
        rows_per_shard(None, 10**12, [64, 64, 3], "uint8")
    assert rows_per_shard(10_000_101, 10**12, [64, 64, 3], "uint8") == 10_000_101


def test_seeds_beyond_64_bits():
    with pytest.raises(UsageError, match=r"seed: 9223372036854775803 . 10 seeds do not fit"):
        check_seeds(Seeds(2**63 - 5, 10), 1)
    check_seeds(Rejection(Seeds(2**62, 10), "realism", 0.0), 2)
    with pytest.raises(UsageError, match="do not fit 64 bits"):
        check_seeds(Rejection(Seeds(2**63 - 2**33, 10), "realism", 0.0), 3)
