"""The bounded queue in front of the model.

TensorFlow's batcher neither honours a deadline nor notices a client that has gone while a request
waits in it. So requests wait here: for the event loop they are coroutines that can be cancelled,
and none that was given up or is late is run. What does not fit is refused at once.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from time import monotonic
from typing import Any

from serving.server.gathering import Gathering, ModelCall, Steps
from serving.server.runtime import RunResult
from serving.server.status import Code, StatusError, overloaded

Work = Callable[[], Steps[Any]]

_LARGE = 2**13  # bytes of a request that others do not wait for


@dataclass
class _Job:
    """A request, and how far its work has come."""

    work: Work
    future: "asyncio.Future[Any]"
    deadline: float | None
    num_bytes: int
    steps: Steps[Any] | None = None
    call: ModelCall = field(init=False)
    result: Any = None
    error: BaseException | None = None

    @property
    def left(self) -> float | None:
        """The seconds until nobody wants the answer any more; None where that is never."""
        return None if self.deadline is None else self.deadline - monotonic()

    def is_given_up(self) -> bool:
        """Returns whether nobody wants the answer; a deadline that has passed is its error."""
        left = self.left
        if left is not None and left <= 0:
            text = "The deadline passed while the request waited."
            self.error = StatusError(Code.DEADLINE_EXCEEDED, text)
        return self.future.cancelled() or self.error is not None

    def begin(self) -> bool:
        """Works up to the call; returns whether there is one."""
        if self.is_given_up():
            return False
        self.steps = steps = self.work()
        call = self._step(lambda: next(steps))
        if call is not None:
            self.call = call
        return call is not None

    def resume(self, came_of_it: RunResult | BaseException) -> None:
        """Works on from the call to the end."""
        steps, self.steps = self.steps, None
        assert steps is not None
        if isinstance(came_of_it, BaseException):
            self._step(lambda: steps.throw(came_of_it))
        elif self._step(lambda: steps.send(came_of_it)) is not None:
            self.error = RuntimeError("a request asked for a second run")

    def give_up(self) -> None:
        """Ends the work where it waits for its call."""
        self.resume(self.error or StatusError(Code.CANCELLED, "The client went away."))

    def _step(self, step: Callable[[], ModelCall]) -> ModelCall | None:
        try:
            return step()
        except StopIteration as end:
            self.result = end.value
        except StatusError as error:
            self.error = error.with_traceback(None)  # its frames hold this job, and this job it
        except BaseException as error:
            self.error = error
        return None


class Admission:
    """Does work in a bounded number of threads, with a bounded number of requests waiting.

    What is public belongs to the thread of one event loop. A request counts until a thread is done
    with it, even if its client has gone, so that the bounds are of what is really held.
    """

    def __init__(
        self, gathering: Gathering[Any], num_workers: int, max_queue: int, max_bytes: int
    ) -> None:
        """Starts no thread before it is needed.

        Args:
            gathering: puts together what can share a run.
            num_workers: how many threads work on requests.
            max_queue: how many requests more than that may wait.
            max_bytes: the size of all of them together; one request alone may be larger.
        """
        self._gathering = gathering
        self._num_workers = num_workers
        self._max_queue = max_queue
        self._max_bytes = max_bytes
        self._pending = 0
        self._bytes = 0
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._done: list[_Job] = []
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        # One thread takes jobs until it has one to run. Others would only be in its way: what it
        # does with them, but for large ones, is done by the interpreter, for one at a time.
        self._taking = threading.Lock()

    @property
    def working(self) -> int:
        """Requests that threads are working on."""
        return self._pending - self.waiting

    @property
    def waiting(self) -> int:
        """Requests that wait for a thread, or for one that runs their kind."""
        return self._jobs.qsize() + self._gathering.waiting

    async def run(self, work: Work, num_bytes: int = 0, timeout: float | None = None) -> Any:
        """Returns what `work` returns.

        Where it yields a call, at most once, the call is run and it goes on with what came of it.
        Cancelling this coroutine gives up a request that waits; one that runs finishes unseen.

        Args:
            work: called in a thread.
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
        self._start_thread(loop)
        self._pending += 1
        self._bytes += num_bytes
        self._jobs.put(job)
        return await job.future

    def close(self) -> None:
        """Ends the threads once the work under way is done."""
        for _ in self._threads:
            self._jobs.put(None)

    def _check_room(self, num_bytes: int) -> None:
        if self._pending >= self._num_workers + self._max_queue and self.waiting >= self._max_queue:
            raise overloaded(f"{self._max_queue} requests are waiting already (--max_queue)")
        if self._bytes and self._bytes + num_bytes > self._max_bytes:
            waiting = f"requests of {self._bytes} bytes are waiting already"
            raise overloaded(f"{waiting} (--max_queue_bytes)")

    def _start_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        if len(self._threads) < min(self._pending + 1, self._num_workers):
            name = f"work_{len(self._threads)}"
            thread = threading.Thread(target=self._work, args=[loop], name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while (group := self._taken(loop)) is not None:
            while group:
                self._run(group)
                self._hand_back(group, loop)
                group = self._gathering.leave(group)

    def _taken(self, loop: asyncio.AbstractEventLoop) -> list[_Job] | None:
        """Begins jobs until there is one to run; returns its group, or None at the end."""
        with self._taking:
            while (job := self._jobs.get()) is not None:
                if job.num_bytes > _LARGE:
                    break
                if group := self._begun(job, loop):
                    return group
                del job  # it must not live until the next request
            else:
                return None
        return self._begun(job, loop)

    def _begun(self, job: _Job, loop: asyncio.AbstractEventLoop) -> list[_Job]:
        if job.begin():
            try:
                return self._gathering.enter(job)
            except StatusError as refusal:
                job.resume(refusal)
        self._hand_back([job], loop)
        return []

    def _run(self, group: list[_Job]) -> None:
        """Runs the calls of those who still want an answer."""
        wanted: list[_Job] = []
        for job in group:
            if job.is_given_up():
                job.give_up()
            else:
                wanted.append(job)
        if not wanted:
            return
        patience = [job.left for job in wanted]
        # Who has less time than another is answered in time all the same, without this thread.
        timeout = None if None in patience else max(left for left in patience if left is not None)
        results: Sequence[RunResult | BaseException]
        try:
            results = self._gathering.run([job.call for job in wanted], timeout)
        except BaseException as error:
            results = [error] * len(wanted)
        for job, result in zip(wanted, results, strict=True):
            job.resume(result)

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
