"""Retries within a deadline, on a clock of the test's own."""

import pytest

from serving import DeadlineExceeded, NotFound, Unavailable
from serving.retry import with_retries


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


def run(attempt, timeout=10.0, max_retries=5):
    clock = Clock()
    try:
        return with_retries(attempt, timeout, max_retries, clock.sleep, clock), clock
    except Exception as error:
        return error, clock


GONE = Unavailable("UNAVAILABLE", "nobody there")


def test_the_pause_grows_with_jitter_and_the_budget_shrinks():
    attempt = attempts(GONE, GONE, GONE, GONE, "answer")
    result, clock = run(attempt)
    assert result == "answer"
    for retry, pause in enumerate(clock.pauses):
        assert 0.025 * 2**retry <= pause <= 0.05 * 2**retry
    assert attempt.budgets[0] == 10.0
    assert attempt.budgets[-1] == pytest.approx(10.0 - sum(clock.pauses))


def test_the_last_failure_is_raised():
    result, clock = run(attempts(GONE, GONE, GONE), max_retries=2)
    assert result is GONE
    assert len(clock.pauses) == 2


def test_other_errors_are_raised_at_once():
    error = NotFound("NOT_FOUND", "no")
    result, clock = run(attempts(error))
    assert (result, clock.pauses) == (error, [])


def test_no_pause_goes_past_the_deadline():
    result, clock = run(attempts(*[GONE] * 100), timeout=1.0, max_retries=99)
    assert result is GONE
    assert sum(clock.pauses) < 1.0


def test_no_time_at_all():
    result, _ = run(attempts("answer"), timeout=0.0)
    assert isinstance(result, DeadlineExceeded)
