"""Runs requests in threads, those that share a batch together, behind futures of the event loop.

The loop's thread puts calls into the queue and waits for them as coroutines, so that a client that
goes away or a deadline that passes costs nothing. Worker threads take batches out, run them and
hand all their results over in one wake-up of the loop.
"""

import asyncio
import itertools
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from serving.server.batching import BatchingParameters
from serving.server.request_queue import ModelCall, QueueLimits, RequestQueue
from serving.server.runtime import as_status
from serving.server.status import Code, StatusError, invalid_argument

Outputs = Mapping[str, np.ndarray]

_NEVER = float("inf")
_FINAL = (Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED)  # these say nothing of a request's mates


@dataclass(frozen=True, slots=True)
class Execution:
    """What came of a call.

    Attributes:
        result: the outputs by name, or why there are none.
        batch_rows: rows that ran together, those of other calls included; None if it ran alone.
        queue_seconds: how long the call waited.
        run_seconds: how long the run took, for all that shared it.
    """

    result: Outputs | Exception
    batch_rows: int | None = None
    queue_seconds: float = 0.0
    run_seconds: float = 0.0

    @property
    def outputs(self) -> Outputs:
        """The outputs by name.

        Raises:
            StatusError: the run failed.
        """
        if isinstance(self.result, StatusError):
            # A new one: with a traceback, ours would be in a circle with the frames it passed.
            raise StatusError(self.result.code, self.result.text)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    @property
    def num_bytes(self) -> int:
        """The size of the outputs; of strings, that of their references."""
        return sum(array.nbytes for array in self.outputs.values())


class Batcher:
    """Runs calls in a bounded number of threads.

    `run` belongs to the thread of one event loop. `_changed` is the lock of the queue and of the
    counters beside it, and wakes idle workers; it is never held while a model runs.
    """

    def __init__(self, limits: QueueLimits, batching: BatchingParameters | None = None) -> None:
        """Starts no thread before it is needed.

        Args:
            limits: how much may wait and run.
            batching: how calls that have a size share batches; None where none has.
        """
        self.batching = batching
        self._num_threads = limits.num_threads
        self._queue = RequestQueue(limits, batching)
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._num_idle = 0
        self._next_look = _NEVER  # when an idle worker looks by itself whether a batch is due
        self._closed = False
        self._done: list[tuple[ModelCall, Execution]] = []  # ran, and not yet handed to the loop
        self._futures: dict[ModelCall, asyncio.Future[Execution]] = {}  # the loop's thread only

    @property
    def waiting(self) -> int:
        """Requests that wait for a thread, or for a batch of their kind to end."""
        with self._changed:
            return self._queue.num_waiting

    @property
    def working(self) -> int:
        """Requests that threads run."""
        with self._changed:
            return self._queue.num_running

    async def run(self, call: ModelCall) -> Execution:
        """Returns what came of a call.

        Cancelling this coroutine takes a call that waits out of the queue; one that runs finishes
        unseen. The version is kept loaded by the caller while the call waits, and by the worker
        while it runs.

        Raises:
            StatusError: UNAVAILABLE when there is no room, DEADLINE_EXCEEDED at the deadline.
        """
        loop = asyncio.get_running_loop()
        with self._changed:
            self._queue.put(call, time.monotonic())
            self._wake_or_start(loop)
        future = self._futures[call] = loop.create_future()
        timer = None
        if call.deadline is not None:
            timer = loop.call_at(call.deadline, _expire, future)
        try:
            return await future
        finally:
            if timer is not None:
                timer.cancel()
            if self._futures.pop(call, None) is not None:  # given up before it was delivered
                with self._changed:
                    self._queue.remove(call)

    def close(self) -> None:
        """Ends the threads once they have run what waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _wake_or_start(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._num_idle:
            self._wake_for_next()
        elif len(self._threads) < self._num_threads:
            name = f"model_{len(self._threads)}"
            thread = threading.Thread(target=self._work, args=[loop], name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _wake_for_next(self) -> None:
        """Has an idle worker take the next batch, or wait until it is due.

        One is enough: whoever takes a batch calls this in turn.
        """
        due = self._queue.next_due()
        if self._num_idle and due is not None and due < self._next_look:
            self._changed.notify()

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """A worker thread's life."""
        while batch := self._take():
            executions = execute(batch, self.batching)
            batch[0].servable.release()
            with self._changed:
                self._queue.finish(batch)
                is_first = not self._done
                self._done += zip(batch, executions, strict=True)
            if is_first:  # one wake-up of the loop serves all that end until it comes
                with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                    loop.call_soon_threadsafe(self._deliver)
            del batch, executions  # they must not live until the next batch

    def _take(self) -> list[ModelCall]:
        """Waits for the next batch; returns nothing at the end."""
        with self._changed:
            while not (batch := self._queue.take(now := time.monotonic())):
                due = self._queue.next_due()
                if self._closed and due is None:
                    return []
                self._idle(due, now)
            # The caller holds the version as long as the call waits; from here on the worker does.
            batch[0].servable.acquire()
            self._wake_for_next()
            return batch

    def _idle(self, due: float | None, now: float) -> None:
        """Waits for a change, or for a batch to be due if no other worker waits for one earlier."""
        self._num_idle += 1
        if due is None or due >= self._next_look:
            self._changed.wait()
        else:
            self._next_look = due
            self._changed.wait(max(0.0, due - now))
            self._next_look = _NEVER
        self._num_idle -= 1

    def _deliver(self) -> None:
        """Gives the waiting coroutines their results; runs in the loop's thread."""
        with self._changed:
            done, self._done = self._done, []
        for call, execution in done:
            future = self._futures.pop(call, None)
            if future is not None and not future.done():
                future.set_result(execution)


def _expire(future: "asyncio.Future[Execution]") -> None:
    if not future.done():
        text = "The deadline passed before the request was answered."
        future.set_exception(StatusError(Code.DEADLINE_EXCEEDED, text))


def execute(batch: Sequence[ModelCall], batching: BatchingParameters | None) -> list[Execution]:
    """Runs a batch; where it fails, so often that only a bad call fails.

    Args:
        batch: calls with one batch key.
        batching: how long batches are cut and short ones padded.

    Returns:
        What came of each.
    """
    started = time.monotonic()
    ends = [call.deadline for call in batch]
    # Who has less time than another is answered in time by the loop.
    deadline = None if None in ends else max(end for end in ends if end is not None)
    results: Sequence[Outputs | Exception]
    try:
        results = _run_by_halves(batch, batching if batch[0].size else None, deadline)
    except Exception as error:  # a fault of this program; the worker goes on
        results = [error] * len(batch)
    seconds = time.monotonic() - started
    size = sum(call.size for call in batch)
    rows = batching.padded(size) if batching is not None and size else None
    return [
        Execution(result, rows, started - call.queued, seconds)
        for call, result in zip(batch, results, strict=True)
    ]


def _run_by_halves(
    calls: Sequence[ModelCall], batching: BatchingParameters | None, deadline: float | None
) -> list[Outputs | Exception]:
    """Runs calls together; where that fails its halves, and theirs, until a bad call is alone."""
    if len(calls) == 1 and (batching is None or batching.padded(calls[0].size) == calls[0].size):
        batching = None
    try:
        if batching is None:
            return [_run(calls[0], calls[0].inputs, deadline)]
        return _run_joined(calls, batching, deadline)
    except StatusError as error:
        if batching is None or error.code in _FINAL:
            return [StatusError(error.code, error.text) for _ in calls]
    if len(calls) == 1:
        return _run_by_halves(calls, None, deadline)
    half = len(calls) // 2
    return [
        *_run_by_halves(calls[:half], batching, deadline),
        *_run_by_halves(calls[half:], batching, deadline),
    ]


def _run_joined(
    calls: Sequence[ModelCall], batching: BatchingParameters, deadline: float | None
) -> list[Outputs | Exception]:
    """Runs the rows of all calls at once, or as many as run at once, padded to an allowed size."""
    with as_status():
        joined = {
            name: np.concatenate([call.inputs[name] for call in calls]) for name in calls[0].inputs
        }
    ends = list(itertools.accumulate(call.size for call in calls))
    limit = batching.execution_limit
    parts = []
    for start in range(0, ends[-1], limit):
        rows = {name: array[start : start + limit] for name, array in joined.items()}
        size = min(limit, ends[-1] - start)
        padded = batching.padded(size)
        outputs = _run(calls[0], {n: _padded(array, padded) for n, array in rows.items()}, deadline)
        if any(array.ndim == 0 or len(array) != padded for array in outputs.values()):
            raise invalid_argument(
                "Batched output tensor's 0th dimension does not equal the sum of the 0th "
                "dimension sizes of the input tensors"
            )
        parts.append({name: array[:size] for name, array in outputs.items()})
    whole = parts[0] if len(parts) == 1 else _concatenated(parts)
    return [
        {name: array[start:end] for name, array in whole.items()}
        for start, end in itertools.pairwise((0, *ends))
    ]


def _run(call: ModelCall, inputs: Outputs, deadline: float | None) -> Outputs:
    timeout = None if deadline is None else deadline - time.monotonic()
    if timeout is not None and timeout <= 0:
        raise StatusError(Code.DEADLINE_EXCEEDED, "The deadline passed while the request waited.")
    return call.servable.runtime.run(call.signature, inputs, call.outputs, timeout)


def _padded(array: np.ndarray, size: int) -> np.ndarray:
    """Returns an array with as many rows: its own, and the first one again, which is a good one."""
    missing = size - len(array)
    return np.concatenate([array, np.repeat(array[:1], missing, 0)]) if missing else array


def _concatenated(parts: Sequence[Outputs]) -> Outputs:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
