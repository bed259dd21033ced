"""The bounded queue in front of the model.

TensorFlow's batcher neither honours a deadline nor notices a client that has gone while a request
waits in it. So requests wait here: in the event loop, as coroutines that can be cancelled, with
only as many handed to threads as the model can use. What does not fit is refused at once.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from time import monotonic
from typing import Any

from serving.server.status import Code, StatusError

Work = Callable[[float | None], Any]


@dataclass
class _Job:
    work: Work | None
    future: "asyncio.Future[Any]"
    deadline: float | None
    num_bytes: int
    result: Any = None
    error: BaseException | None = None


class Admission:
    """Runs work in threads: a bounded number of requests working, a bounded number waiting.

    All methods belong to the thread of one event loop. A request counts until a thread is done
    with it, even if its client has gone, so that the bounds are of what is really held.
    """

    def __init__(self, num_workers: int, max_queue: int, max_bytes: int) -> None:
        """Starts no thread before it is needed.

        Args:
            num_workers: how many requests are worked on at once.
            max_queue: how many more may wait.
            max_bytes: the size of all of them together; one request alone may be larger.
        """
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
        """Requests that a thread is working on."""
        return min(self._pending, self._num_workers)

    @property
    def waiting(self) -> int:
        """Requests that wait for a thread."""
        return self._pending - self.working

    async def run(self, work: Work, num_bytes: int = 0, timeout: float | None = None) -> Any:
        """Returns what `work` returns.

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
        if self._pending >= self._num_workers + self._max_queue:
            full = f"{self._max_queue} requests are waiting already (--max_queue)"
        elif self._bytes and self._bytes + num_bytes > self._max_bytes:
            full = f"requests of {self._bytes} bytes are waiting already (--max_queue_bytes)"
        else:
            return
        text = f"The server is overloaded: {full}. Try again later."
        raise StatusError(Code.UNAVAILABLE, text)

    def _start_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        if len(self._threads) < self.working:
            name = f"work_{len(self._threads)}"
            thread = threading.Thread(target=self._work, args=[loop], name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while (job := self._jobs.get()) is not None:
            _do(job)
            with self._lock:
                self._done.append(job)
                first = len(self._done) == 1
            if first:  # one wake-up of the loop serves all that finish until it comes
                with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                    loop.call_soon_threadsafe(self._deliver)
            del job  # its arrays must not live until the next request

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


def _do(job: _Job) -> None:
    work, job.work = job.work, None
    left = None if job.deadline is None else job.deadline - monotonic()
    if work is None or job.future.cancelled():  # given up while it waited
        return
    try:
        if left is not None and left <= 0:
            text = "The deadline passed while the request waited."
            raise StatusError(Code.DEADLINE_EXCEEDED, text)
        job.result = work(left)
    except BaseException as error:
        job.error = error
