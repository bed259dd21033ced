"""Signals that ask a run to stop, noted until it can."""

import contextlib
import logging
import signal
from collections.abc import Callable, Iterator
from types import FrameType

logger = logging.getLogger("saddlepoint")


@contextlib.contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Notes SIGTERM and SIGINT instead of dying of them; a second one has its usual effect."""
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)
        logger.warning("Received %s: finishing the step.", signal.Signals(number).name)
        signal.signal(number, before[signal.Signals(number)])

    try:
        before = {n: signal.signal(n, note) for n in (signal.SIGTERM, signal.SIGINT)}
    except ValueError:  # Not the main thread: signals are somebody else's business.
        yield lambda: False
        return
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
