"""A second chance for requests that found nobody, within one deadline."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from serving.errors import DeadlineExceeded, Unavailable

_FIRST_PAUSE = 0.05  # seconds
_LONGEST_PAUSE = 2.0

Result = TypeVar("Result")


def with_retries(
    attempt: Callable[[float], Result],
    timeout: float,
    max_retries: int,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Result:
    """Calls `attempt(seconds left)`, again after UNAVAILABLE, until it answers.

    The n-th pause is drawn from [1/2, 1] · 2ⁿ · 50 ms, at most 2 s: callers that failed together
    do not come back together.

    Args:
        attempt: the request; it receives the seconds that are left.
        timeout: seconds for all attempts and pauses.
        max_retries: attempts after the first.
        sleep: waits for so many seconds.
        clock: the time in seconds.

    Raises:
        Unavailable: every attempt found nobody, or no time is left for another.
        RequestError: anything else, at once.
    """
    deadline = clock() + timeout
    for retry in range(max_retries + 1):
        remaining = deadline - clock()
        if remaining <= 0:
            break
        try:
            return attempt(remaining)
        except Unavailable:
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**retry) * random.uniform(0.5, 1.0)
            if retry == max_retries or clock() + pause >= deadline:
                raise
        sleep(pause)
    raise DeadlineExceeded("DEADLINE_EXCEEDED", f"no answer in {timeout:.3g} s")
