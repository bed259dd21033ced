"""Requests of one kind that wait for the model, and how they share a run of it.

With batching, a signature's requests go to TensorFlow's scheduler as a few tasks at a time. What
comes meanwhile waits here and makes up the next task: a thread for each request, blocked in the
scheduler, would cost several times what the request computes. The scheduler puts tasks together
further, as it does with single requests.
"""

import time
from collections import Counter, deque
from collections.abc import Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Generic, Protocol, TypeVar

import numpy as np

from serving.server.rows import RowBudget
from serving.server.runtime import RunResult, SavedModelRuntime
from serving.server.status import StatusError, overloaded

_ENOUGH_ROWS = 64  # with more in a task a row becomes hardly cheaper, and the first waits for them


@dataclass
class ModelCall:
    """What a request wants the model to run.

    Attributes:
        runtime: the model's version.
        signature: the name of one of its signatures.
        inputs: arrays by input name.
        outputs: the names of the outputs wanted.
        rows: as declared; 0 where the signature declares none.
        batched: whether it goes to the batcher.
        made: when, by `time.monotonic`.
        started: when its run began; 0 while it has not.
        seconds: how long the run took, for all that shared it; 0 while it has not run.
    """

    runtime: SavedModelRuntime
    signature: str
    inputs: Mapping[str, np.ndarray]
    outputs: Sequence[str]
    rows: int
    batched: bool
    made: float = field(default_factory=time.monotonic)
    started: float = 0.0
    seconds: float = 0.0

    @property
    def waited(self) -> float:
        """Seconds between when it was made and its run, or now."""
        return (self.started or time.monotonic()) - self.made

    @cached_property
    def num_bytes(self) -> int:
        """The size of the inputs; of strings, that of their references."""
        return sum(array.nbytes for array in self.inputs.values())

    @cached_property
    def kind(self) -> Hashable | None:
        """What calls that can share a run have in common; None for one that must run alone."""
        if not self.batched or not self.rows:
            return None
        rows = [(name, array.dtype, array.shape[1:]) for name, array in self.inputs.items()]
        return self.runtime, self.signature, tuple(self.outputs), *sorted(rows)


# How a request is answered: it yields its call, at most one, and goes on with what came of it.
_Answer = TypeVar("_Answer")
Steps = Generator[ModelCall, RunResult, _Answer]


class Caller(Protocol):
    """Whoever waits for a call."""

    call: ModelCall


_Caller = TypeVar("_Caller", bound=Caller)


class Gathering(Generic[_Caller]):
    """Puts calls together that come while others of their kind run."""

    def __init__(self, budget: RowBudget, num_threads: int, max_bytes: int) -> None:
        """Starts with nothing running.

        Args:
            budget: bounds the rows that run at once.
            num_threads: how many there are to run groups; one is left to take requests.
            max_bytes: the size of all inputs that wait; those of one call may be larger.
        """
        self._budget = budget
        self._most_tasks = max(1, num_threads - 1)
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._running: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[_Caller]] = {}
        self._bytes = 0

    @property
    def waiting(self) -> int:
        """How many calls wait for others to have run."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def enter(self, caller: _Caller) -> list[_Caller]:
        """Takes a caller; returns whom to run now: itself, or nobody, and then it waits.

        Whoever runs a group must `leave` with it afterwards and run what that returns, until
        nothing does. So there is always somebody who will run those that wait.

        Raises:
            StatusError: UNAVAILABLE when there is no room to wait.
        """
        call = caller.call
        if call.kind is None:
            return [caller]
        with self._lock:
            if self._running.total() < self._most_tasks and self._may_run(call):
                self._running[call.kind] += 1
                return [caller]
            if self._bytes and self._bytes + call.num_bytes > self._max_bytes:
                waiting = f"inputs of {self._bytes} bytes are waiting already"
                raise overloaded(f"{waiting} (--max_queue_bytes)")
            self._waiting.setdefault(call.kind, deque()).append(caller)
            self._bytes += call.num_bytes
            return []

    def leave(self, group: Sequence[_Caller]) -> list[_Caller]:
        """Takes note that a group has run; returns the group to run next, or nobody."""
        kind = group[0].call.kind
        if kind is None:
            return []
        with self._lock:
            self._running[kind] -= 1
            if not self._running[kind]:
                del self._running[kind]
            for waiting in self._waiting.values():
                if self._may_run(waiting[0].call):
                    return self._next_group(waiting)
            return []

    def _may_run(self, call: ModelCall) -> bool:
        return self._running[call.kind] < call.runtime.tasks_at_once

    def run(
        self, calls: Sequence[ModelCall], timeout: float | None
    ) -> list[RunResult | StatusError]:
        """Runs a group's calls, as one task of the batcher where there are several.

        Args:
            calls: of one group.
            timeout: seconds that waiting for room and the run may take; None waits for ever.

        Returns:
            What came of each.
        """
        try:
            with self._budget.take(sum(call.rows for call in calls), timeout) as left:
                started = time.monotonic()
                try:
                    return list(_run(calls, left))
                finally:
                    for call in calls:
                        call.started = started
                        call.seconds = time.monotonic() - started
        except StatusError as error:
            return [StatusError(error.code, error.text) for _ in calls]

    def _next_group(self, waiting: deque[_Caller]) -> list[_Caller]:
        """Takes the first that wait: one, and more while they are not too many rows."""
        first = waiting[0].call
        most = min(_ENOUGH_ROWS, first.runtime.max_shared_rows)
        most = min(most, self._budget.limit or most)
        group: list[_Caller] = []
        rows = 0
        while waiting and (not group or rows + waiting[0].call.rows <= most):
            group.append(waiting.popleft())
            rows += group[-1].call.rows
            self._bytes -= group[-1].call.num_bytes
        del self._waiting[first.kind]
        if waiting:
            self._waiting[first.kind] = waiting  # behind the other kinds
        self._running[first.kind] += 1
        return group


def _run(calls: Sequence[ModelCall], timeout: float | None) -> Sequence[RunResult | StatusError]:
    first, inputs = calls[0], [call.inputs for call in calls]
    if first.batched:
        return first.runtime.run_together(first.signature, inputs, first.outputs, timeout)
    return [first.runtime.run_alone(first.signature, first.inputs, first.outputs, timeout)]
