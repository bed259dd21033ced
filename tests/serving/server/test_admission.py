"""The bounded queue: order, room, deadlines and clients that go away."""

import asyncio
import threading
import time

import pytest

from serving.server.admission import Admission
from serving.server.rows import RowBudget
from serving.server.status import Code, StatusError


@pytest.fixture
def gate():
    event = threading.Event()
    yield event
    event.set()


def play(scenario, **bounds):
    async def main():
        admission = Admission(**{"num_workers": 1, "max_queue": 2, "max_bytes": 100, **bounds})
        try:
            return await scenario(admission)
        finally:
            admission.close()

    return asyncio.run(main())


def start(admission, work, *arguments):
    return asyncio.ensure_future(admission.run(work, *arguments))


def test_results_errors_and_what_is_left_of_the_time():
    async def scenario(admission):
        assert await admission.run(lambda left: left) is None
        assert 4 < await admission.run(lambda left: left, 0, 5.0) <= 5
        with pytest.raises(ZeroDivisionError):
            await admission.run(lambda left: 1 / 0)
        assert (admission.working, admission.waiting) == (0, 0)

    play(scenario)


def test_what_does_not_fit_is_refused_at_once(gate):
    async def scenario(admission):
        tasks = [start(admission, lambda left: gate.wait(5)) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert (admission.working, admission.waiting) == (1, 2)
        began = time.monotonic()
        with pytest.raises(StatusError, match="2 requests are waiting already") as caught:
            await admission.run(lambda left: None)
        assert caught.value.code == Code.UNAVAILABLE
        assert time.monotonic() - began < 1
        gate.set()
        assert await asyncio.gather(*tasks) == [True] * 3
        assert await admission.run(lambda left: "again") == "again"

    play(scenario)


def test_bytes_are_bounded_but_one_request_alone_may_be_large(gate):
    async def scenario(admission):
        large = start(admission, lambda left: gate.wait(5), 1000)
        await asyncio.sleep(0.05)
        with pytest.raises(StatusError, match="--max_queue_bytes"):
            await admission.run(lambda left: None, 1)
        gate.set()
        assert await large

    play(scenario)


def test_a_request_whose_time_is_up_is_not_run(gate):
    ran = []

    async def scenario(admission):
        first = start(admission, lambda left: gate.wait(5))
        late = start(admission, lambda left: ran.append(1), 0, 0.05)
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
        first = start(admission, lambda left: gate.wait(5))
        gone = start(admission, lambda left: ran.append(1))
        await asyncio.sleep(0.05)
        gone.cancel()
        gate.set()
        assert await first
        assert await admission.run(lambda left: 7) == 7
        assert (admission.working, admission.waiting) == (0, 0)

    play(scenario)
    assert ran == []


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
    with RowBudget(0).take(10**9, None) as left:
        assert left is None
