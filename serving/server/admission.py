"""The bounded queue in front of the model.

TensorFlow's batcher neither honours a deadline nor notices a client that has gone while a request
waits in it. So requests wait here: in the event loop, as coroutines that can be cancelled, with
only as many handed to threads as the model can use. What does not fit is refused at once.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from serving.server.gathering import Gathering, ModelCall, Steps
from serving.server.runtime import RunResult
from serving.server.status import Code, StatusError

Work = Callable[[float | None], Steps[Any]]


@dataclass
class _Job:
    """A request, and how far its work has come."""

    work: Work | None
    future: "asyncio.Future[Any]"
    deadline: float | None
    num_bytes: int
    steps: Steps[Any] | None = None
    result: Any = None
    error: BaseException | None = None

    def begin(self) -> ModelCall | None:
        """Works up to the call; returns it, or None where there is none."""
        work, self.work = self.work, None
        if work is None or self.future.cancelled():  # given up while it waited
            return None
        left = None if self.deadline is None else self.deadline - monotonic()
        if left is not None and left <= 0:
            text = "The deadline passed while the request waited."
            self.error = StatusError(Code.DEADLINE_EXCEEDED, text)
            return None
        self.steps = steps = work(left)
        return self._step(lambda: next(steps))

    def resume(self, came_of_it: RunResult | BaseException) -> None:
        """Works on from the call to the end."""
        steps, self.steps = self.steps, None
        assert steps is not None
        if isinstance(came_of_it, BaseException):
            self._step(lambda: steps.throw(came_of_it))
        else:
            self._step(lambda: steps.send(came_of_it))

    def _step(self, step: Callable[[], ModelCall]) -> ModelCall | None:
        try:
            return step()
        except StopIteration as end:
            self.result = end.value
        except BaseException as error:
            self.error = error
        return None


class Admission:
    """Does work in a bounded number of threads, with a bounded number of requests waiting.

    All methods belong to the thread of one event loop. A request counts until a thread is done
    with it, even if its client has gone, so that the bounds are of what is really held.
    """

    def __init__(
        self, gather: Callable[[], Gathering], num_workers: int, max_queue: int, max_bytes: int
    ) -> None:
        """Starts no thread before it is needed.

        Args:
            gather: returns an empty gathering, for a thread to fill from those that wait.
            num_workers: how many threads work on requests.
            max_queue: how many requests more than that may wait.
            max_bytes: the size of all of them together; one request alone may be larger.
        """
        self._gather = gather
        self._num_workers = num_workers
        self._max_queue = max_queue
        self._max_bytes = max_bytes
        self._pending = 0
        self._bytes = 0
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._done: list[_Job] = []
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    @property
    def working(self) -> int:
        """Requests that threads are working on."""
        return self._pending - self.waiting

    @property
    def waiting(self) -> int:
        """Requests that wait for a thread."""
        return self._jobs.qsize()

    async def run(self, work: Work, num_bytes: int = 0, timeout: float | None = None) -> Any:
        """Returns what `work` returns.

        Where it yields a call, at most once, the call is run and it goes on with what came of it.
        Cancelling this coroutine gives up a request that waits; one that runs finishes unseen.

        Args:
            work: called in a thread with what is left of `timeout`.
            num_bytes: the size of the request.
            timeout: seconds until nobody wants the answer any more.

        Raises:
            StatusError: UNAVAILABLE when there is no room, DEADLINE_EXCEEDED when the time was
                up before the work began.
        """
        self._check_room(num_bytes)
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else monotonic() + timeout
        job = _Job(work, loop.create_future(), deadline, num_bytes)
        self._pending += 1
        self._bytes += num_bytes
        self._start_thread(loop)
        self._jobs.put(job)
        try:
            return await job.future
        except asyncio.CancelledError:
            job.work = None
            raise

    def close(self) -> None:
        """Ends the threads once the work under way is done."""
        for _ in self._threads:
            self._jobs.put(None)

    def _check_room(self, num_bytes: int) -> None:
        if self.waiting >= self._max_queue and self._pending >= self._num_workers + self._max_queue:
            full = f"{self._max_queue} requests are waiting already (--max_queue)"
        elif self._bytes and self._bytes + num_bytes > self._max_bytes:
            full = f"requests of {self._bytes} bytes are waiting already (--max_queue_bytes)"
        else:
            return
        text = f"The server is overloaded: {full}. Try again later."
        raise StatusError(Code.UNAVAILABLE, text)

    def _start_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        if len(self._threads) < min(self._pending, self._num_workers):
            name = f"work_{len(self._threads)}"
            thread = threading.Thread(target=self._work, args=[loop], name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while (job := self._jobs.get()) is not None:
            self._do(job, loop)
            del job  # its arrays must not live until the next request

    def _do(self, first: _Job, loop: asyncio.AbstractEventLoop) -> None:
        """Does a job, and with it those that wait and can share its run."""
        gathering = self._gather()
        running: list[_Job] = []
        job: _Job | None = first
        while job is not None:
            call = job.begin()
            if call is None:
                self._hand_back([job], loop)
            else:
                running.append(job)
            job = self._next() if call is not None and gathering.add(call) else None
        if not running:
            return
        try:
            results: Sequence[RunResult | BaseException] = gathering.run()
        except BaseException as error:
            results = [error] * len(running)
        for job, result in zip(running, results, strict=True):
            job.resume(result)
        self._hand_back(running, loop)

    def _next(self) -> _Job | None:
        """Returns a job that waits, if there is one."""
        try:
            job = self._jobs.get_nowait()
        except Empty:
            return None
        if job is None:  # the end, which is for the thread to see when it asks the next time
            self._jobs.put(None)
        return job

    def _hand_back(self, jobs: list[_Job], loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            first = not self._done
            self._done += jobs
        if first:  # one wake-up of the loop serves all that finish until it comes
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        with self._lock:
            done, self._done = self._done, []
        for job in done:
            self._pending -= 1
            self._bytes -= job.num_bytes
            if job.future.done():  # cancelled
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)
