import numpy as np
import pytest

from trainer.data.examples import Examples
from trainer.evaluation import samples
from trainer.evaluation.samples import SampleSet, subset


def numbered(count, calls=None):
    def make(positions):
        if calls is not None:
            calls.append(len(positions))
        return positions[:, np.newaxis].astype(np.uint8)

    return SampleSet(count, make)


@pytest.mark.parametrize("count", [1, 255, 256, 257, 700])
def test_blocks_hold_every_sample_once_in_order(count):
    blocks = list(numbered(count).blocks())
    assert max(map(len, blocks)) <= samples.BLOCK
    expected = np.arange(count).astype(np.uint8)
    np.testing.assert_array_equal(np.concatenate(blocks)[:, 0], expected)


def test_small_sets_are_made_once_and_large_ones_at_every_pass(monkeypatch):
    calls: list[int] = []
    small = numbered(600, calls)
    assert len(list(small.blocks())) == len(list(small.blocks())) == 3
    assert sum(calls) == 600
    monkeypatch.setattr(samples, "_KEPT_BYTES", 10)
    calls.clear()
    large = numbered(600, calls)
    first, second = (np.concatenate(list(large.blocks())) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert sum(calls) > 1200


@pytest.mark.parametrize("kept_bytes", [0, 2**20])
def test_take_gives_the_samples_at_positions(monkeypatch, kept_bytes):
    monkeypatch.setattr(samples, "_KEPT_BYTES", kept_bytes)
    np.testing.assert_array_equal(numbered(300).take(np.array([7, 3, 255]))[:, 0], [7, 3, 255])


def test_a_limit_takes_the_same_random_choice_every_time():
    examples = Examples.of(sample=np.arange(100)[:, np.newaxis], label=np.arange(100) * 2)
    chosen = SampleSet.of_examples(examples, 10)
    positions = chosen.take(np.arange(10))[:, 0]
    assert len(set(positions)) == 10 and list(positions) != list(range(10))
    np.testing.assert_array_equal(chosen.labels, positions * 2)
    np.testing.assert_array_equal(positions, subset(100, 10))


@pytest.mark.parametrize("limit", [None, 7])
def test_joined_sets_are_one_set(limit):
    ranges = [np.arange(0, 4), np.arange(4, 9)]
    parts = [Examples.of(sample=rows[:, np.newaxis], label=rows) for rows in ranges]
    joined = SampleSet.joined([SampleSet.of_examples(part) for part in parts], limit)
    assert joined.count == (limit or 9)
    np.testing.assert_array_equal(joined.labels, subset(9, limit))
    order = np.array([5, 0, 6, 3])
    np.testing.assert_array_equal(joined.take(order)[:, 0], joined.labels[order])
    unlabelled = SampleSet.of_examples(Examples.of(sample=np.zeros((2, 1), int)))
    assert SampleSet.joined([joined, unlabelled]).labels is None


@pytest.mark.parametrize("limit", [None, 100, 1000])
def test_a_limit_that_does_not_limit_keeps_order(limit):
    np.testing.assert_array_equal(subset(100, limit), np.arange(100))


def test_mapped_samples_are_read_without_gathering_pages(tmp_path):
    stored = np.arange(48, dtype=np.uint8).reshape(8, 6)
    stored.tofile(tmp_path / "samples")
    mapped = np.memmap(tmp_path / "samples", np.uint8, "r", offset=6, shape=(7, 6))
    chosen = SampleSet.of_examples(Examples.of(sample=mapped))
    taken = chosen.make(np.array([6, 0]))
    np.testing.assert_array_equal(taken, stored[[7, 1]])
    assert not isinstance(taken, np.memmap) and taken.base is None
    view = SampleSet.of_examples(Examples.of(sample=mapped[2:]))
    np.testing.assert_array_equal(view.make(np.array([0])), stored[[3]])
