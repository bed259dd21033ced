"""A second chance for requests that found nobody, within one deadline and one budget.

When to try again is decided here without waiting, so that threads and coroutines share it.
"""

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from serving.errors import DeadlineExceeded, HandshakeFailed, IdleConnectionLost, Unavailable

_FIRST_PAUSE = 0.05  # seconds
_LONGEST_PAUSE = 2.0
_BUDGET_REQUESTS = 10  # so many requests may use up all their retries before the budget is empty
_SUCCESSES_PER_RETRY = 10  # that pay for another retry

Result = TypeVar("Result")


class RetryBudget:
    """What all requests of one client may spend on retries together.

    A server that is overloaded for long sees a tenth more requests, not several times as many.

    Reference: "Handling overload" in Beyer et al. 2016, "Site reliability engineering".
    """

    def __init__(self, max_retries: int) -> None:
        """Begins full, with enough for ten requests' retries."""
        self._full = _BUDGET_REQUESTS * max_retries * _SUCCESSES_PER_RETRY
        self._left = self._full  # counted in successes
        self._lock = threading.Lock()  # of the line above: threads share a client

    def take(self) -> bool:
        """Takes one retry out; returns False if there is none."""
        with self._lock:
            if self._left < _SUCCESSES_PER_RETRY:
                return False
            self._left -= _SUCCESSES_PER_RETRY
            return True

    def refund(self) -> None:
        """Puts a part of a retry back, for a success."""
        with self._lock:
            self._left = min(self._full, self._left + 1)


class Attempts:
    """The attempts of one request: how long each may take, and the pause before the next."""

    def __init__(
        self,
        timeout: float,
        max_retries: int,
        budget: RetryBudget,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts the clock.

        Args:
            timeout: seconds for all attempts and pauses.
            max_retries: attempts after the first.
            budget: shared with the client's other requests.
            clock: the time in seconds.
        """
        self._timeout = timeout
        self._deadline = clock() + timeout
        self._max_retries = max_retries
        self._budget = budget
        self._clock = clock
        self._retry = 0

    def seconds_left(self) -> float:
        """Returns how long the next attempt may take.

        Raises:
            DeadlineExceeded: no time is left.
        """
        left = self._deadline - self._clock()
        if left <= 0:
            raise DeadlineExceeded("DEADLINE_EXCEEDED", f"no answer in {self._timeout:.3g} s")
        return left

    def pause_after(self, error: Unavailable) -> float:
        """Returns the seconds to wait before trying again.

        The n-th pause is drawn from [1/2, 1] · 2ⁿ · 50 ms, at most 2 s: callers that failed
        together do not come back together. A kept connection that was lost costs no pause and no
        retry: the next attempt has another one.

        Raises:
            Unavailable: `error` itself, when there is to be no other attempt.
        """
        if isinstance(error, IdleConnectionLost):
            return 0.0
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._retry, 10))
        pause *= random.uniform(0.5, 1.0)
        hopeless = isinstance(error, HandshakeFailed) or self._retry >= self._max_retries
        if hopeless or self._clock() + pause >= self._deadline or not self._budget.take():
            raise error
        self._retry += 1
        return pause

    def succeeded(self) -> None:
        """Tells the budget."""
        self._budget.refund()


def with_retries(
    attempt: Callable[[float], Result],
    attempts: Attempts,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Calls `attempt(seconds left)`, again after UNAVAILABLE, until it answers.

    Raises:
        Unavailable: every attempt found nobody, or there is to be no other.
        DeadlineExceeded: no time is left.
        RequestError: anything else, at once.
    """
    while True:
        try:
            answer = attempt(attempts.seconds_left())
        except Unavailable as error:
            pause = attempts.pause_after(error)
        else:
            attempts.succeeded()
            return answer
        sleep(pause)


async def with_retries_async(
    attempt: Callable[[float], Awaitable[Result]],
    attempts: Attempts,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Result:
    """Does as `with_retries`, in a coroutine."""
    while True:
        try:
            answer = await attempt(attempts.seconds_left())
        except Unavailable as error:
            pause = attempts.pause_after(error)
        else:
            attempts.succeeded()
            return answer
        await sleep(pause)
