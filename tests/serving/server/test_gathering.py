"""Requests that share a run: who runs with whom, and that nobody is harmed by it."""

import itertools
from collections import Counter
from dataclasses import dataclass

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
    together, alone = runtime._run_batched, runtime.run_alone

    def run_batched(name, requests, outputs, timeout):
        seen["together", name, sum(len(inputs["seed"]) for inputs in requests)] += 1
        return together(name, requests, outputs, timeout)

    def run_alone(name, inputs, outputs, timeout=None):
        seen["alone", name, len(inputs["seed"])] += 1
        return alone(name, inputs, outputs, timeout)

    monkeypatch.setattr(runtime, "_run_batched", run_batched)
    monkeypatch.setattr(runtime, "run_alone", run_alone)
    return seen


@dataclass
class Waiter:
    """Who waits for a call."""

    call: ModelCall


def waiter(runtime, seeds, labels=None, outputs=("image",)):
    inputs = {"seed": np.asarray(seeds, np.int64)}
    inputs |= {} if labels is None else {"label": np.array(labels)}
    name = "generate" if labels is None else "generate_conditional"
    batched = runtime.is_batched(name, inputs)
    return Waiter(ModelCall(runtime, name, inputs, outputs, len(seeds), batched))


def run_all(gathering, waiters):
    """Lets all come before the first run ends; returns what came of each, by group."""
    groups = [gathering.enter(each) for each in waiters]
    assert gathering.waiting == groups.count([])
    groups = [group for group in groups if group]
    results = []
    while groups:
        group = groups.pop(0)
        calls = [each.call for each in group]
        results.append(list(zip(group, gathering.run(calls, None), strict=True)))
        groups += filter(None, [gathering.leave(group)])
    assert gathering.waiting == 0
    return results


def sizes(results):
    return [sum(each.call.rows for each, _ in group) for group in results]


def assert_as_alone(runtime, results):
    for each, result in itertools.chain(*results):
        alone = runtime.run_alone(each.call.signature, each.call.inputs, each.call.outputs)
        assert result.outputs.keys() == set(each.call.outputs)
        for name in each.call.outputs:
            np.testing.assert_array_equal(result.outputs[name], alone.outputs[name])


def test_what_comes_during_two_tasks_makes_up_the_third(runtime, runs):
    waiters = [waiter(runtime, seeds) for seeds in ([7], [8, 9], [5], [1, 2, 3], [9, 5])]
    results = run_all(Gathering(RowBudget(0), 8, 2**20), waiters)
    assert sizes(results) == [1, 2, 6]
    assert runs == {("together", "generate", size): 1 for size in (1, 2, 6)}
    assert {result.batch_rows for _, result in results[2]} == {6}
    assert all(each.call.seconds > 0 for each in waiters)
    assert waiters[2].call.waited >= waiters[0].call.seconds
    assert waiter(runtime, [1]).call.waited < 1  # so far
    assert_as_alone(runtime, results)


def test_calls_of_another_kind_do_not_wait(runtime):
    gathering = Gathering(RowBudget(0), 8, 2**20)
    assert [bool(gathering.enter(waiter(runtime, [1]))) for _ in range(3)] == [True, True, False]
    for other in (
        waiter(runtime, [1], labels=[3]),
        waiter(runtime, [1], outputs=("label", "image")),
        waiter(runtime, []),  # no rows, no company
        waiter(runtime, []),
        waiter(runtime, []),
    ):
        assert gathering.enter(other) == [other]
    assert gathering.waiting == 1


def test_one_thread_is_left_whatever_the_kinds_and_they_take_turns(runtime):
    gathering = Gathering(RowBudget(0), 3, 2**20)
    kinds = [None, [3], None, [4], None, [5]]
    waiters = [waiter(runtime, [n], labels=labels) for n, labels in enumerate(kinds)]
    first, second, *rest = [gathering.enter(each) for each in waiters]
    assert (first, second, rest) == ([waiters[0]], [waiters[1]], [[]] * 4)
    third = gathering.leave(first)
    assert third == [waiters[2], waiters[4]]
    assert gathering.leave(third) == [waiters[3], waiters[5]]
    assert gathering.leave(second) == []
    assert gathering.waiting == 0
    assert gathering.enter(waiters[4]) == [waiters[4]]
    assert gathering.enter(waiters[5]) == []


@pytest.mark.parametrize(("limit", "expected"), [(0, [1, 1, 32, 20]), (25, [1, 1, 20, 12, 20])])
def test_no_task_has_more_rows_than_the_batcher_or_the_budget_takes(runtime, runs, limit, expected):
    waiters = [waiter(runtime, range(size)) for size in (1, 1, 20, 12, 20)]
    results = run_all(Gathering(RowBudget(limit), 8, 2**20), waiters)
    assert sizes(results) == expected
    assert runs == Counter(("together", "generate", size) for size in expected)
    assert_as_alone(runtime, results)


def test_a_bad_call_fails_alone_with_its_own_text(runtime, runs):
    waiters = [waiter(runtime, [n], labels=[99 if n == 4 else n % 10]) for n in range(18)]
    results = run_all(Gathering(RowBudget(0), 8, 2**20), waiters)
    assert sizes(results) == [1, 1, 16]
    (at,) = [n for n, (_, came) in enumerate(results[2]) if isinstance(came, StatusError)]
    each, bad = results[2].pop(at)
    assert each is waiters[4]
    assert_as_alone(runtime, results)
    with pytest.raises(StatusError) as alone:
        runtime.run_alone("generate_conditional", each.call.inputs, ["image"])
    assert (bad.code, bad.text) == (alone.value.code, alone.value.text)
    assert "label out of range" in bad.text


def test_the_bad_one_is_found_by_halves(runtime, runs):
    waiters = [waiter(runtime, [n], labels=[99 if n == 3 else 0]) for n in range(16)]
    Gathering(RowBudget(0), 8, 2**20).run([each.call for each in waiters], None)
    rows = [size for _, _, size in runs.elements()]
    assert sorted(rows) == [1, 1, 1, 2, 2, 4, 4, 8, 8, 16]  # the third 1 is the bad one alone


def test_no_room_is_told_to_all(runtime):
    budget = RowBudget(4)
    calls = [waiter(runtime, [seed]).call for seed in range(2)]
    with budget.take(3, None):
        results = Gathering(budget, 8, 2**20).run(calls, 0.05)
    assert [result.code for result in results] == [Code.DEADLINE_EXCEEDED] * 2


def test_where_the_batcher_waits_for_company_all_of_it_comes():
    assert BatchingParameters().tasks_at_once == 2
    assert BatchingParameters(num_batch_threads=3).tasks_at_once == 6
    assert BatchingParameters(16, batch_timeout_micros=1).tasks_at_once == 32
