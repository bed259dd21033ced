"""Retries within a deadline and a budget, on a clock of the test's own, waiting and not waiting."""

import asyncio

import pytest

from serving import DeadlineExceeded, HandshakeFailed, NotFound, Unavailable
from serving.retry import Attempts, RetryBudget, with_retries, with_retries_async


class Clock:
    def __init__(self):
        self.now = 100.0
        self.pauses = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds


def attempts(*outcomes):
    remaining = iter(outcomes)

    def attempt(seconds_left):
        attempt.budgets.append(seconds_left)
        outcome = next(remaining)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    attempt.budgets = []
    return attempt


@pytest.fixture(params=["sync", "async"])
def run(request):
    def call(attempt, timeout=10.0, max_retries=5, budget=None):
        clock = Clock()
        tries = Attempts(timeout, max_retries, budget or RetryBudget(max_retries), clock)

        async def attempt_async(seconds_left):
            return attempt(seconds_left)

        async def sleep_async(seconds):
            clock.sleep(seconds)

        try:
            if request.param == "sync":
                return with_retries(attempt, tries, clock.sleep), clock
            return asyncio.run(with_retries_async(attempt_async, tries, sleep_async)), clock
        except Exception as error:
            return error, clock

    return call


GONE = Unavailable("UNAVAILABLE", "nobody there")


def test_the_pause_grows_with_jitter_and_the_time_left_shrinks(run):
    attempt = attempts(GONE, GONE, GONE, GONE, "answer")
    result, clock = run(attempt)
    assert result == "answer"
    for retry, pause in enumerate(clock.pauses):
        assert 0.025 * 2**retry <= pause <= 0.05 * 2**retry
    assert attempt.budgets[0] == 10.0
    assert attempt.budgets[-1] == pytest.approx(10.0 - sum(clock.pauses))


def test_the_last_failure_is_raised(run):
    result, clock = run(attempts(GONE, GONE, GONE), max_retries=2)
    assert result is GONE
    assert len(clock.pauses) == 2


@pytest.mark.parametrize(
    "error", [NotFound("NOT_FOUND", "no"), HandshakeFailed("UNAVAILABLE", "certificate")]
)
def test_other_errors_are_raised_at_once(run, error):
    result, clock = run(attempts(error))
    assert (result, clock.pauses) == (error, [])


def test_no_pause_goes_past_the_deadline(run):
    result, clock = run(attempts(*[GONE] * 100), timeout=1.0, max_retries=99)
    assert result is GONE
    assert sum(clock.pauses) < 1.0


def test_no_time_at_all(run):
    result, _ = run(attempts("answer"), timeout=0.0)
    assert isinstance(result, DeadlineExceeded)


def test_requests_share_a_budget_that_successes_refill(run):
    budget = RetryBudget(max_retries=1)
    pauses = [len(run(attempts(GONE, GONE), 10.0, 1, budget)[1].pauses) for _ in range(12)]
    assert pauses == [1] * 10 + [0] * 2
    for _ in range(10):
        run(attempts("answer"), 10.0, 1, budget)
    assert len(run(attempts(GONE, GONE), 10.0, 1, budget)[1].pauses) == 1
