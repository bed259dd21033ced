"""Work that leaves the processors to requests."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")

# Beside a thread that is busy, a tenth of its time: little enough that requests hardly notice, and
# enough to be done within minutes on a machine that has no idle moment.
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
    if sys.platform == "linux":  # where a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
