"""Requests that share a run: who runs with whom, and that nobody is harmed by it."""

from collections import Counter

import numpy as np
import pytest

from serving.server.batching import BatchingParameters
from serving.server.gathering import Gathering, ModelCall
from serving.server.rows import RowBudget
from serving.server.runtime import RuntimeOptions, SavedModelRuntime
from serving.server.status import Code, StatusError


@pytest.fixture(scope="module")
def runtime(digits):
    options = RuntimeOptions(BatchingParameters(max_batch_size=32))
    runtime = SavedModelRuntime(str(digits / "1"), options)
    yield runtime
    runtime.close()


@pytest.fixture
def runs(runtime, monkeypatch):
    """The rows of every run, by how it was run."""
    seen = Counter()
    together, alone = runtime.run_together, runtime.run_alone

    def run_together(name, requests, outputs, timeout=None):
        seen["together", name, sum(len(inputs["seed"]) for inputs in requests)] += 1
        return together(name, requests, outputs, timeout)

    def run_alone(name, inputs, outputs, timeout=None):
        seen["alone", name, len(inputs["seed"])] += 1
        return alone(name, inputs, outputs, timeout)

    monkeypatch.setattr(runtime, "run_together", run_together)
    monkeypatch.setattr(runtime, "run_alone", run_alone)
    return seen


def call(runtime, seeds, labels=None, outputs=("image",), **fields):
    inputs = {"seed": np.asarray(seeds, np.int64)} | (
        {} if labels is None else {"label": np.array(labels)}
    )
    name = "generate" if labels is None else "generate_conditional"
    batched = runtime.is_batched(name, inputs)
    return ModelCall(runtime, name, inputs, outputs, len(seeds), batched, **fields)


def gather(calls, limit=0):
    gathering = Gathering(RowBudget(limit))
    more = [gathering.add(each) for each in calls]
    return gathering.run(), more


def assert_as_alone(runtime, calls, results):
    for each, result in zip(calls, results, strict=True):
        alone = runtime.run_alone(each.signature, each.inputs, each.outputs)
        assert result.outputs.keys() == set(each.outputs)
        for name in each.outputs:
            np.testing.assert_array_equal(result.outputs[name], alone.outputs[name])


def test_calls_of_one_kind_share_a_run_and_get_their_own_rows(runtime, runs):
    calls = [call(runtime, seeds) for seeds in ([5], [1, 2, 3], [9, 5])]
    results, more = gather(calls)
    assert runs == {("together", "generate", 6): 1}
    assert more == [True] * 3
    assert {result.batch_rows for result in results} == {6}
    assert all(each.seconds > 0 for each in calls)
    assert_as_alone(runtime, calls, results)


def test_calls_of_several_kinds_run_apart_and_keep_their_order(runtime, runs):
    calls = [
        call(runtime, [1]),
        call(runtime, [1], labels=[3]),
        call(runtime, [2], outputs=("label", "image")),
        call(runtime, []),
        call(runtime, [2]),
        call(runtime, [2], labels=[4]),
    ]
    results, more = gather(calls)
    assert runs == {
        ("together", "generate", 2): 1,
        ("together", "generate", 1): 1,
        ("together", "generate_conditional", 2): 1,
        ("alone", "generate", 0): 1,
    }
    assert more == [True, True, True, False, True, True]  # no row, no company
    assert_as_alone(runtime, calls, results)


@pytest.mark.parametrize(("limit", "sizes"), [(0, [20, 31, 20]), (25, [20, 20, 11, 20])])
def test_no_run_has_more_rows_than_the_batcher_or_the_budget_takes(runtime, runs, limit, sizes):
    calls = [call(runtime, range(size)) for size in (20, 20, 11, 20)]
    results, more = gather(calls, limit)
    assert runs == Counter(("together", "generate", size) for size in sizes)
    assert more == [True, True, True, False]
    assert_as_alone(runtime, calls, results)


def test_a_bad_call_fails_alone_with_its_own_text(runtime, runs):
    calls = [call(runtime, [seed], labels=[label]) for seed, label in ((1, 3), (2, 99), (3, 0))]
    (first, bad, last), _ = gather(calls)
    assert runs == {
        ("together", "generate_conditional", 3): 1,
        ("alone", "generate_conditional", 1): 3,
    }
    with pytest.raises(StatusError) as alone:
        runtime.run_alone("generate_conditional", calls[1].inputs, ["image"])
    assert (bad.code, bad.text) == (alone.value.code, alone.value.text)
    assert "label out of range" in bad.text
    assert_as_alone(runtime, [calls[0], calls[2]], [first, last])


def test_of_several_patiences_the_longest_counts(runtime, monkeypatch):
    given = []
    monkeypatch.setattr(
        runtime,
        "run_together",
        lambda name, requests, outputs, timeout: given.append(timeout) or [None] * len(requests),
    )
    for timeouts in ((0.5, 2.0), (0.5, None)):
        gather([call(runtime, [1], timeout=timeout) for timeout in timeouts])
    assert given == [2.0, None]


def test_no_room_is_told_to_all(runtime):
    budget = RowBudget(4)
    gathering = Gathering(budget)
    for seed in range(2):
        gathering.add(call(runtime, [seed], timeout=0.05))
    with budget.take(3, None):
        results = gathering.run()
    assert [result.code for result in results] == [Code.DEADLINE_EXCEEDED] * 2
