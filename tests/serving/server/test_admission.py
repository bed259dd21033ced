"""The bounded queue: order, room, deadlines, runs that are shared and clients that go away."""

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


class Together:
    """A gathering of at most three calls, numbers, that says of each who ran with it."""

    def __init__(self):
        self.calls = []

    def add(self, call):
        self.calls.append(call)
        return len(self.calls) < 3

    def run(self):
        if 0 in self.calls:
            raise RuntimeError("0 breaks the run")
        return [ValueError("odd") if call == 13 else (call, self.calls) for call in self.calls]


def play(scenario, **bounds):
    async def main():
        bounds_ = {"num_workers": 1, "max_queue": 2, "max_bytes": 100, **bounds}
        admission = Admission(Together, **bounds_)
        try:
            return await scenario(admission)
        finally:
            admission.close()

    return asyncio.run(main())


def plain(function):
    """Work that needs no run."""

    def work(left):
        return function(left)
        yield

    return work


def calling(number):
    """Work that needs one, and returns what came of it."""

    def work(left):
        return (yield number)

    return work


def start(admission, work, *arguments):
    return asyncio.ensure_future(admission.run(work, *arguments))


def test_results_errors_and_what_is_left_of_the_time():
    async def scenario(admission):
        assert await admission.run(plain(lambda left: left)) is None
        assert 4 < await admission.run(plain(lambda left: left), 0, 5.0) <= 5
        with pytest.raises(ZeroDivisionError):
            await admission.run(plain(lambda left: 1 / 0))
        assert (admission.working, admission.waiting) == (0, 0)

    play(scenario)


def test_what_does_not_fit_is_refused_at_once(gate):
    async def scenario(admission):
        tasks = [start(admission, plain(lambda left: gate.wait(5))) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert (admission.working, admission.waiting) == (1, 2)
        began = time.monotonic()
        with pytest.raises(StatusError, match="2 requests are waiting already") as caught:
            await admission.run(plain(lambda left: None))
        assert caught.value.code == Code.UNAVAILABLE
        assert time.monotonic() - began < 1
        gate.set()
        assert await asyncio.gather(*tasks) == [True] * 3
        assert await admission.run(plain(lambda left: "again")) == "again"

    play(scenario)


def test_bytes_are_bounded_but_one_request_alone_may_be_large(gate):
    async def scenario(admission):
        large = start(admission, plain(lambda left: gate.wait(5)), 1000)
        await asyncio.sleep(0.05)
        with pytest.raises(StatusError, match="--max_queue_bytes"):
            await admission.run(plain(lambda left: None), 1)
        gate.set()
        assert await large

    play(scenario)


def test_a_request_whose_time_is_up_is_not_run(gate):
    ran = []

    async def scenario(admission):
        first = start(admission, plain(lambda left: gate.wait(5)))
        late = start(admission, plain(lambda left: ran.append(1)), 0, 0.05)
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
        first = start(admission, plain(lambda left: gate.wait(5)))
        gone = start(admission, plain(lambda left: ran.append(1)))
        await asyncio.sleep(0.05)
        gone.cancel()
        gate.set()
        assert await first
        assert await admission.run(plain(lambda left: 7)) == 7
        assert (admission.working, admission.waiting) == (0, 0)

    play(scenario)
    assert ran == []


def test_those_that_wait_run_together_up_to_what_fits(gate):
    async def scenario(admission):
        busy = start(admission, plain(lambda left: gate.wait(5)))
        await asyncio.sleep(0.05)
        tasks = [start(admission, calling(number)) for number in (1, 2, 3, 4)]
        await asyncio.sleep(0)
        assert (admission.working, admission.waiting) == (1, 4)
        gate.set()
        assert await busy
        results = await asyncio.gather(*tasks)
        assert results == [(1, [1, 2, 3]), (2, [1, 2, 3]), (3, [1, 2, 3]), (4, [4])]
        assert (admission.working, admission.waiting) == (0, 0)

    play(scenario, max_queue=9)


def test_one_that_needs_no_run_fails_or_is_gone_leaves_the_others_theirs(gate):
    async def scenario(admission):
        busy = start(admission, plain(lambda left: gate.wait(5)))
        await asyncio.sleep(0.05)
        broken = start(admission, plain(lambda left: 1 / 0))
        numbers = [start(admission, calling(number)) for number in (1, 13, 2)]
        gone = start(admission, calling(3))
        last = start(admission, calling(4))
        await asyncio.sleep(0)
        gone.cancel()
        gate.set()
        assert await busy
        with pytest.raises(ZeroDivisionError):
            await broken
        one, odd, two = await asyncio.gather(*numbers, return_exceptions=True)
        assert (one, str(odd), two) == ((1, [1, 13, 2]), "odd", (2, [1, 13, 2]))
        assert await last == (4, [4])

    play(scenario, max_queue=9)


def test_a_run_that_breaks_is_told_to_all_and_the_thread_goes_on(gate):
    async def scenario(admission):
        busy = start(admission, plain(lambda left: gate.wait(5)))
        await asyncio.sleep(0.05)
        tasks = [start(admission, calling(number)) for number in (1, 0)]
        await asyncio.sleep(0)
        gate.set()
        assert await busy
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        assert [str(error) for error in errors] == ["0 breaks the run"] * 2
        assert await admission.run(calling(5)) == (5, [5])

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
    with RowBudget(0).take(10**9, None) as left:
        assert left is None
