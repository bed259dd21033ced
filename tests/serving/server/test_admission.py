"""The bounded queue: order, room, deadlines, runs that are shared and clients that go away."""

import asyncio
import threading
import time

import numpy as np
import pytest

from serving.server.admission import Admission
from serving.server.gathering import Gathering, ModelCall
from serving.server.rows import RowBudget
from serving.server.status import Code, StatusError


@pytest.fixture
def gate():
    event = threading.Event()
    yield event
    event.set()


class Runtime:
    """A model that takes one task at a time, of three rows at most, and says who ran together."""

    tasks_at_once, max_shared_rows = 1, 3

    def __init__(self, gate):
        self.gate = gate
        self.timeouts = []

    def run_together(self, name, requests, outputs, timeout):
        self.timeouts.append(timeout)
        assert self.gate.wait(5)
        numbers = [int(inputs["x"][0]) for inputs in requests]
        if 0 in numbers:
            raise RuntimeError("0 breaks the run")
        bad = StatusError(Code.INVALID_ARGUMENT, "13")
        return [bad if number == 13 else (number, numbers) for number in numbers]


def play(scenario, **bounds):
    async def main():
        bounds_ = {"num_workers": 1, "max_queue": 2, "max_bytes": 100, **bounds}
        gathering = Gathering(RowBudget(0), bounds_["num_workers"], bounds_["max_bytes"])
        admission = Admission(gathering, **bounds_)
        try:
            return await scenario(admission)
        finally:
            admission.close()

    return asyncio.run(main())


def plain(function):
    """Work that needs no run."""

    def work():
        return function()
        yield

    return work


def calling(runtime, number):
    """Work that needs one, and returns what came of it."""

    def work():
        return (yield ModelCall(runtime, "", {"x": np.array([number])}, ["y"], 1, True))

    return work


def start(admission, work, *arguments):
    return asyncio.ensure_future(admission.run(work, *arguments))


def test_results_and_errors():
    async def scenario(admission):
        assert await admission.run(plain(lambda: 7)) == 7
        with pytest.raises(ZeroDivisionError):
            await admission.run(plain(lambda: 1 / 0))
        assert (admission.working, admission.waiting) == (0, 0)

    play(scenario)


def test_what_does_not_fit_is_refused_at_once(gate):
    async def scenario(admission):
        tasks = [start(admission, plain(lambda: gate.wait(5))) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert (admission.working, admission.waiting) == (1, 2)
        began = time.monotonic()
        with pytest.raises(StatusError, match="2 requests are waiting already") as caught:
            await admission.run(plain(lambda: None))
        assert caught.value.code == Code.UNAVAILABLE
        assert time.monotonic() - began < 1
        gate.set()
        assert await asyncio.gather(*tasks) == [True] * 3
        assert await admission.run(plain(lambda: "again")) == "again"

    play(scenario)


def test_bytes_are_bounded_but_one_request_alone_may_be_large(gate):
    async def scenario(admission):
        large = start(admission, plain(lambda: gate.wait(5)), 1000)
        await asyncio.sleep(0.05)
        with pytest.raises(StatusError, match="--max_queue_bytes"):
            await admission.run(plain(lambda: None), 1)
        gate.set()
        assert await large

    play(scenario)


def test_a_request_whose_time_is_up_is_not_run(gate):
    ran = []

    async def scenario(admission):
        first = start(admission, plain(lambda: gate.wait(5)))
        late = start(admission, plain(lambda: ran.append(1)), 0, 0.05)
        await asyncio.sleep(0.1)
        gate.set()
        await first
        with pytest.raises(StatusError) as caught:
            await late
        assert caught.value.code == Code.DEADLINE_EXCEEDED

    play(scenario)
    assert ran == []


def test_a_cancelled_request_is_not_run_and_gives_its_place_back(gate):
    ran = []

    async def scenario(admission):
        first = start(admission, plain(lambda: gate.wait(5)))
        gone = start(admission, plain(lambda: ran.append(1)))
        await asyncio.sleep(0.05)
        gone.cancel()
        gate.set()
        assert await first
        assert await admission.run(plain(lambda: 7)) == 7
        assert (admission.working, admission.waiting) == (0, 0)

    play(scenario)
    assert ran == []


async def settled(admission, waiting):
    """Returns once as many requests wait."""
    async with asyncio.timeout(5):
        while admission.waiting != waiting:
            await asyncio.sleep(0.01)


def test_those_that_come_during_a_run_share_the_next_up_to_what_fits(gate):
    async def scenario(admission):
        runtime = Runtime(gate)
        tasks = [start(admission, calling(runtime, number)) for number in (1, 2, 3, 4, 5)]
        await settled(admission, 4)
        assert admission.working == 1
        assert await admission.run(plain(lambda: "no run")) == "no run"  # no thread is held
        gate.set()
        results = await asyncio.gather(*tasks)
        assert results == [(1, [1]), *((n, [2, 3, 4]) for n in (2, 3, 4)), (5, [5])]
        assert (admission.working, admission.waiting) == (0, 0)

    play(scenario, num_workers=2, max_queue=9)


def test_what_is_left_of_the_time_and_of_several_the_longest_counts(gate):
    runtime = Runtime(gate)

    async def scenario(admission):
        tasks = [start(admission, calling(runtime, 1), 0, 5.0)]
        await asyncio.sleep(0.05)
        for number, timeout in ((2, 3.0), (3, 60.0), (4, 9.0), (5, 3.0), (6, None)):
            tasks.append(start(admission, calling(runtime, number), 0, timeout))
        await settled(admission, 5)
        gate.set()
        assert [result[0] for result in await asyncio.gather(*tasks)] == [1, 2, 3, 4, 5, 6]

    play(scenario, num_workers=2, max_queue=9)
    alone, together, unbounded = runtime.timeouts
    assert 4 < alone <= 5
    assert 59 < together < 60
    assert unbounded is None


def test_one_that_fails_is_late_or_is_gone_leaves_the_others_theirs(gate):
    async def scenario(admission):
        runtime = Runtime(gate)
        first = start(admission, calling(runtime, 1))
        await asyncio.sleep(0.05)
        late = start(admission, calling(runtime, 2), 0, 0.1)
        gone = start(admission, calling(runtime, 3))
        others = [start(admission, calling(runtime, number), 0, 60.0) for number in (13, 4)]
        await settled(admission, 4)
        gone.cancel()
        await asyncio.sleep(0.1)
        gate.set()
        assert await first == (1, [1])
        results = await asyncio.gather(late, *others, return_exceptions=True)
        assert [results[0].code, results[1].text] == [Code.DEADLINE_EXCEEDED, "13"]
        assert results[2] == (4, [4])
        assert (admission.working, admission.waiting) == (0, 0)

    play(scenario, num_workers=2, max_queue=9)


def test_a_run_that_breaks_is_told_to_its_callers_and_the_next_goes_on(gate):
    async def scenario(admission):
        runtime = Runtime(gate)
        tasks = [start(admission, calling(runtime, number)) for number in (1, 2, 0, 3, 4)]
        await settled(admission, 4)
        gate.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [str(result) for result in results[1:4]] == ["0 breaks the run"] * 3
        assert (results[0], results[4]) == ((1, [1]), (4, [4]))

    play(scenario, num_workers=2, max_queue=9)


def test_small_requests_do_not_wait_until_a_large_one_is_read(gate):
    async def scenario(admission):
        large = start(admission, plain(lambda: gate.wait(5)), 10**6)
        await asyncio.sleep(0.05)
        assert await asyncio.wait_for(admission.run(plain(lambda: "small")), 2) == "small"
        gate.set()
        assert await large

    play(scenario, num_workers=2, max_bytes=10**7)


def test_what_waits_decoded_is_bounded_too(gate):
    async def scenario(admission):
        runtime = Runtime(gate)
        tasks = [start(admission, calling(runtime, number)) for number in range(1, 5)]
        with pytest.raises(StatusError, match="inputs of 16 bytes are waiting") as caught:
            await tasks[3]
        assert caught.value.code == Code.UNAVAILABLE
        gate.set()
        assert await asyncio.gather(*tasks[:3]) == [(1, [1]), (2, [2, 3]), (3, [2, 3])]

    play(scenario, num_workers=2, max_queue=9, max_bytes=16)


def test_work_that_asks_for_a_second_run():
    def work():
        yield ModelCall(runtime, "", {"x": np.array([1])}, ["y"], 1, True)
        yield ModelCall(runtime, "", {"x": np.array([1])}, ["y"], 1, True)

    async def scenario(admission):
        with pytest.raises(RuntimeError, match="second run"):
            await admission.run(work)

    gate = threading.Event()
    gate.set()
    runtime = Runtime(gate)
    play(scenario)


def test_rows_that_run_at_once_are_bounded():
    budget = RowBudget(10)
    with pytest.raises(StatusError, match="has 11 rows; this server takes at most 10") as caught:
        budget.check(11)
    assert caught.value.code == Code.INVALID_ARGUMENT
    with budget.take(6, None):
        with budget.take(4, 1.0) as left:
            assert 0 < left <= 1.0
        with pytest.raises(StatusError, match="No room"), budget.take(5, 0.05):
            pass
    with budget.take(10, None):
        pass


def test_few_rows_do_not_overtake_many():
    budget, order = RowBudget(10), []

    def take(rows):
        with budget.take(rows, 5.0):
            order.append(rows)

    with budget.take(6, None):
        threads = []
        for rows in (8, 3, 2):
            threads.append(threading.Thread(target=take, args=[rows]))
            threads[-1].start()
            time.sleep(0.05)
        with pytest.raises(StatusError, match="No room"), budget.take(1, 0.05):
            pass
        assert order == []
    for thread in threads:
        thread.join()
    assert (order[0], sorted(order[1:])) == (8, [2, 3])


def test_without_a_limit_rows_are_not_bounded():
    with RowBudget(0).take(10**9, None) as left:
        assert left is None
