"""Calls that run in threads behind futures: shared batches, failures, deadlines, departures."""

import asyncio
import threading
import time
from collections import Counter

import numpy as np
import pytest

from serving.server.batcher import Batcher, Execution, execute
from serving.server.batching import BatchingParameters
from serving.server.models import Servable
from serving.server.request_queue import ModelCall, QueueLimits
from serving.server.runtime import SavedModelRuntime
from serving.server.status import Code, StatusError


class Runtime:
    """A model that doubles numbers behind a gate, and remembers what it was asked.

    0 breaks it; 13 is a bad row.
    """

    def __init__(self):
        self.gate = threading.Event()
        self.runs, self.timeouts = [], []

    def run(self, name, inputs, outputs, timeout):
        self.runs.append(inputs["x"].tolist())
        self.timeouts.append(timeout)
        assert self.gate.wait(10)
        if 0 in inputs["x"]:
            raise ZeroDivisionError("0 breaks the run")
        if 13 in inputs["x"]:
            raise StatusError(Code.INVALID_ARGUMENT, f"13 of {len(inputs['x'])}")
        return {"y": 2 * inputs["x"]}


@pytest.fixture
def runtime():
    runtime = Runtime()
    yield runtime
    runtime.gate.set()


@pytest.fixture
def servable(runtime):
    return Servable("m", 1, runtime, unload=lambda servable: None)


def play(scenario, num_threads=2, max_queue=99, **batching):
    """Runs a coroutine function with a batcher in an event loop."""

    async def main():
        limits = QueueLimits(num_threads, max_queue, 2**20)
        batcher = Batcher(limits, BatchingParameters(**{"max_batch_size": 16} | batching))
        try:
            async with asyncio.timeout(30):
                await scenario(batcher)
        finally:
            batcher.close()

    asyncio.run(main())


def call(servable, *numbers, alone=False, seconds=None):
    x = np.array(numbers)
    deadline = None if seconds is None else time.monotonic() + seconds
    return ModelCall(servable, "", {"x": x}, ["y"], len(x), 0 if alone else len(x), deadline)


async def settled(batcher, working, waiting):
    """Returns once as many calls are with threads and in the queue."""
    while (batcher.working, batcher.waiting) != (working, waiting):  # noqa: ASYNC110 - no event
        await asyncio.sleep(0.005)


async def start(batcher, *calls):
    """Has the first call run, and the others wait behind it."""
    tasks = []
    for position, each in enumerate(calls):
        tasks.append(asyncio.create_task(batcher.run(each)))
        await settled(batcher, 1, position)
    return tasks


def doubled(execution):
    return execution.outputs["y"].tolist()


def test_calls_that_come_during_a_run_share_the_next(servable, runtime):
    async def scenario(batcher):
        tasks = await start(batcher, *(call(servable, n) for n in (1, 2, 3, 4)))
        runtime.gate.set()
        executions = await asyncio.gather(*tasks)
        assert list(map(doubled, executions)) == [[2], [4], [6], [8]]
        assert runtime.runs == [[1], [2, 3, 4]]
        assert [each.batch_rows for each in executions] == [1, 3, 3, 3]
        assert all(each.run_seconds > 0 for each in executions)
        assert executions[1].queue_seconds > 0
        await settled(batcher, 0, 0)
        assert servable.users == 0

    play(scenario)


def test_a_call_that_runs_alone_waits_for_nobody(servable, runtime):
    async def scenario(batcher):
        runtime.gate.set()
        execution = await batcher.run(call(servable, 1, alone=True))
        assert (doubled(execution), execution.batch_rows) == ([2], None)

    play(scenario)


def test_what_does_not_fit_is_refused_at_once(servable, runtime):
    async def scenario(batcher):
        tasks = await start(batcher, *(call(servable, n, alone=True) for n in (1, 2, 3)))
        with pytest.raises(StatusError, match="2 requests are waiting already") as caught:
            await batcher.run(call(servable, 4, alone=True))
        assert caught.value.code == Code.UNAVAILABLE
        runtime.gate.set()
        await asyncio.gather(*tasks)
        assert doubled(await batcher.run(call(servable, 5, alone=True))) == [10]

    play(scenario, num_threads=1, max_queue=2)


def test_a_call_whose_time_is_up_while_it_waits_is_answered_and_not_run(servable, runtime):
    async def scenario(batcher):
        tasks = await start(batcher, call(servable, 1), call(servable, 2, seconds=0.05))
        with pytest.raises(StatusError) as caught:
            await tasks[1]
        assert caught.value.code == Code.DEADLINE_EXCEEDED
        await settled(batcher, 1, 0)
        runtime.gate.set()
        assert doubled(await tasks[0]) == [2]

    play(scenario)
    assert runtime.runs == [[1]]


def test_a_call_whose_time_is_up_while_it_runs_is_answered_at_once(servable, runtime):
    async def scenario(batcher):
        with pytest.raises(StatusError) as caught:
            await batcher.run(call(servable, 1, seconds=0.05))
        assert caught.value.code == Code.DEADLINE_EXCEEDED
        assert (batcher.working, servable.users) == (1, 1)  # it stays loaded until the run ends
        runtime.gate.set()
        await settled(batcher, 0, 0)
        assert servable.users == 0

    play(scenario)


def test_a_client_that_goes_away_while_it_waits_costs_no_run(servable, runtime):
    async def scenario(batcher):
        first, gone = await start(batcher, call(servable, 1), call(servable, 2))
        gone.cancel()
        await settled(batcher, 1, 0)
        runtime.gate.set()
        assert doubled(await first) == [2]

    play(scenario)
    assert runtime.runs == [[1]]


def test_what_a_client_that_went_away_has_running_finishes_unseen(servable, runtime):
    async def scenario(batcher):
        (gone,) = await start(batcher, call(servable, 1))
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert (batcher.working, servable.users) == (1, 1)
        runtime.gate.set()
        await settled(batcher, 0, 0)
        assert doubled(await batcher.run(call(servable, 3))) == [6]

    play(scenario)


def test_of_several_deadlines_the_longest_bounds_the_run(servable, runtime):
    async def scenario(batcher):
        calls = [call(servable, n, seconds=s) for n, s in ((1, 50.0), (2, 30.0), (3, 600.0))]
        tasks = await start(batcher, *calls)
        runtime.gate.set()
        await asyncio.gather(*tasks)
        await batcher.run(call(servable, 4))

    play(scenario)
    alone, together, unbounded = runtime.timeouts
    assert 40 < alone <= 50
    assert 500 < together <= 600
    assert unbounded is None


def test_a_bad_row_fails_its_own_call_only(servable, runtime):
    async def scenario(batcher):
        tasks = await start(batcher, *(call(servable, n) for n in (1, 2, 13, 4, 5)))
        runtime.gate.set()
        executions = await asyncio.gather(*tasks)
        with pytest.raises(StatusError, match="13 of 1"):
            doubled(executions.pop(2))
        assert list(map(doubled, executions)) == [[2], [4], [8], [10]]

    play(scenario)
    assert runtime.runs == [[1], [2, 13, 4, 5], [2, 13], [2], [13], [4, 5]]  # by halves


def test_a_run_that_breaks_is_told_to_its_callers_and_the_next_goes_on(servable, runtime):
    async def scenario(batcher):
        tasks = await start(batcher, *(call(servable, n) for n in (1, 2, 0)))
        runtime.gate.set()
        first, *broken = await asyncio.gather(*tasks)
        assert doubled(first) == [2]
        for each in broken:
            with pytest.raises(ZeroDivisionError, match="0 breaks the run"):
                doubled(each)
        assert doubled(await batcher.run(call(servable, 6))) == [12]

    play(scenario)


def test_the_first_waits_for_company(servable, runtime):
    async def scenario(batcher):
        runtime.gate.set()
        executions = await asyncio.gather(*(batcher.run(call(servable, n)) for n in range(1, 5)))
        assert [each.batch_rows for each in executions] == [4] * 4
        lone = await batcher.run(call(servable, 5))
        assert lone.queue_seconds >= 0.2

    play(scenario, max_batch_size=4, batch_timeout_micros=200_000)


def test_other_keys_run_meanwhile(servable, runtime):
    other = Servable("n", 1, Runtime(), unload=lambda servable: None)
    other.runtime.gate.set()

    async def scenario(batcher):
        tasks = await start(batcher, call(servable, 1), call(servable, 2))
        assert doubled(await batcher.run(call(other, 3))) == [6]
        runtime.gate.set()
        await asyncio.gather(*tasks)

    play(scenario)


CUT = {"enable_large_batch_splitting": True}


@pytest.mark.parametrize(
    ("parameters", "numbers", "runs", "rows"),
    [
        ({"allowed_batch_sizes": (4, 16)}, [[1], [2, 2]], [[1, 2, 2, 1]], 4),
        ({"allowed_batch_sizes": (4, 16)}, [[1, 2, 3, 4]], [[1, 2, 3, 4]], 4),
        (CUT | {"max_execution_batch_size": 3}, [[1, 2, 3, 4, 5]], [[1, 2, 3], [4, 5]], 3),
        (
            CUT | {"max_execution_batch_size": 4, "allowed_batch_sizes": (2, 4, 16)},
            [[1, 2, 3, 4, 5, 6, 7]],
            [[1, 2, 3, 4], [5, 6, 7, 5]],
            4,
        ),
    ],
)
def test_short_batches_are_padded_and_long_requests_cut(
    servable, runtime, parameters, numbers, runs, rows
):
    runtime.gate.set()
    batch = [call(servable, *each) for each in numbers]
    executions = execute(batch, BatchingParameters(max_batch_size=16, **parameters))
    assert list(map(doubled, executions)) == [[2 * n for n in each] for each in numbers]
    assert {each.batch_rows for each in executions} == {rows}
    assert runtime.runs == runs


def test_a_bad_call_that_was_padded_fails_with_the_text_of_its_own_rows(servable, runtime):
    runtime.gate.set()
    (execution,) = execute([call(servable, 13)], BatchingParameters(16, allowed_batch_sizes=(16,)))
    with pytest.raises(StatusError, match=r"13 of 1$"):
        doubled(execution)
    assert [len(run) for run in runtime.runs] == [16, 1]


def test_outputs_that_are_not_per_row_run_apart(servable):
    class Total:
        def run(self, name, inputs, outputs, timeout):
            return {"y": np.array(sum(inputs["x"]))}

    servable.runtime = Total()
    executions = execute([call(servable, 1, 2), call(servable, 3)], BatchingParameters())
    assert [doubled(each) for each in executions] == [3, 3]


def test_a_failure_is_raised_anew_each_time():
    failed = Execution(StatusError(Code.ABORTED, "no"))
    with pytest.raises(StatusError) as caught:
        _ = failed.outputs
    assert caught.value is not failed.result


@pytest.fixture(scope="module")
def digits_servable(digits):
    runtime = SavedModelRuntime(str(digits / "1"))
    yield Servable("digits", 1, runtime, unload=lambda servable: None)
    runtime.close()


def test_rows_of_a_model_are_as_alone_and_a_bad_one_is_found_by_halves(digits_servable):
    runtime, runs = digits_servable.runtime, Counter()
    run = runtime.run

    def counted(name, inputs, outputs, timeout=None):
        runs[len(inputs["seed"])] += 1
        return run(name, inputs, outputs, timeout)

    def asks(seed, label):
        inputs = {"seed": np.array([seed]), "label": np.array([label])}
        return ModelCall(digits_servable, "generate_conditional", inputs, ["image"], 1, 1)

    calls = [asks(n, 99 if n == 3 else n % 10) for n in range(16)]
    runtime.run = counted
    try:
        executions = execute(calls, BatchingParameters())
    finally:
        del runtime.run
    assert runs == {16: 1, 8: 2, 4: 2, 2: 2, 1: 2}
    for number, (each, execution) in enumerate(zip(calls, executions, strict=True)):
        if number == 3:
            with pytest.raises(StatusError) as alone:
                run(each.signature, each.inputs, each.outputs)
            assert (execution.result.code, execution.result.text) == (
                alone.value.code,
                alone.value.text,
            )
            assert "label out of range" in execution.result.text
        else:
            expected = run(each.signature, each.inputs, each.outputs)
            np.testing.assert_array_equal(execution.outputs["image"], expected["image"])
