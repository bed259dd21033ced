"""Work that leaves the processors to requests."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

_T = TypeVar("_T")

# Beside a busy thread of the usual priority, a tenth of its time: little enough for requests not to
# wait long, and enough to be done within minutes on a machine that has no idle moment.
_NICE = 10


def call(function: Callable[..., _T], *arguments: object, background: bool) -> _T:
    """Returns what a function returns.

    Args:
        function: what is called. In the background it must not start threads that outlive it, for
            they would have the low priority for good.
        arguments: what it is called with.
        background: whether it runs in a thread of low priority.
    """
    if not background:
        return function(*arguments)
    with ThreadPoolExecutor(1, "background", initializer=_yield_to_others) as thread:
        return thread.submit(function, *arguments).result()


def _yield_to_others() -> None:
    if sys.platform != "linux":  # only there a thread has a priority of its own
        return
    thread = threading.get_native_id()
    with suppress(OSError):  # where that is forbidden, the call has the usual priority
        usual = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, max(usual, _NICE))
