"""Which calls run next, and which of them together.

Nothing here waits, looks at a clock or knows of threads: whoever uses a queue holds a lock around
every call and says what time it is. So tests drive it by hand.
"""

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from serving.server.batching import BatchingParameters
from serving.server.models import Servable
from serving.server.status import Code, StatusError, overloaded

_NEVER = float("inf")
_ENOUGH_ROWS = 64  # with more in a batch a row becomes hardly cheaper, and the first waits for them


@dataclass(eq=False, slots=True)
class ModelCall:
    """What a request wants a model to run.

    Attributes:
        servable: the model's version.
        signature: the name of one of its signatures.
        inputs: arrays by input name.
        outputs: the names of the outputs wanted.
        rows: how many rows' memory the run takes; 0 where the signature declares no rows.
        size: the size of dimension 0, where the call may share a batch; 0 where it runs alone.
        deadline: when nobody wants the answer any more, by `time.monotonic`; None for never.
        queued: since when it waits, by the same clock.
    """

    servable: Servable
    signature: str
    inputs: Mapping[str, np.ndarray]
    outputs: Sequence[str]
    rows: int = 0
    size: int = 0
    deadline: float | None = None
    queued: float = 0.0
    batch_key: Hashable = field(init=False)
    num_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        """Finds what calls that can share a batch have in common, and how large the inputs are."""
        self.num_bytes = sum(array.nbytes for array in self.inputs.values())  # of strings, pointers
        self.batch_key = self
        if self.size:
            columns = [(name, a.dtype, a.shape[1:]) for name, a in sorted(self.inputs.items())]
            self.batch_key = (self.servable, self.signature, *self.outputs, *columns)


@dataclass(frozen=True)
class QueueLimits:
    """How much may wait and run.

    Attributes:
        num_threads: batches that run at once.
        max_waiting: calls that wait beyond those that idle threads will take.
        max_bytes: the inputs of all calls that wait or run; those of one alone may be larger.
        max_rows: rows that run at once; 0 sets no bound.
    """

    num_threads: int
    max_waiting: int
    max_bytes: int
    max_rows: int = 0


@dataclass
class _Line:
    """The calls of one batch key that wait, and how many of its batches run."""

    calls: deque[ModelCall] = field(default_factory=deque)
    size: int = 0
    running: int = 0


class RequestQueue:
    """Calls in the order they came, in a line for each batch key; the lines take turns.

    A call that runs alone has a line of its own.
    """

    def __init__(self, limits: QueueLimits, batching: BatchingParameters | None = None) -> None:
        """Starts empty; without `batching` no call has a `size`."""
        self._limits = limits
        self._batching = batching or BatchingParameters()
        self._lines: dict[Hashable, _Line] = {}
        self._num_waiting = self._num_bytes = 0
        self._num_batches = self._num_running = self._running_rows = 0
        self._lacks_room = False  # whether the next batch waits for rows of others to end
        # A batch that waits for company is as large as it may be; else more rows than enough would
        # only make the first of them wait.
        self._most_rows = self._batching.execution_limit
        if not self._batching.batch_timeout_micros:
            self._most_rows = min(self._most_rows, _ENOUGH_ROWS)

    @property
    def num_waiting(self) -> int:
        """Calls that no thread has taken."""
        return self._num_waiting

    @property
    def num_running(self) -> int:
        """Calls in batches that threads have taken."""
        return self._num_running

    def put(self, call: ModelCall, now: float) -> None:
        """Adds a call.

        Raises:
            StatusError: UNAVAILABLE, at once, when there is no room.
        """
        line = self._lines.get(call.batch_key) or _Line()
        self._check_room(call, line)
        self._lines[call.batch_key] = line
        call.queued = now
        line.calls.append(call)
        line.size += call.size
        self._num_waiting += 1
        self._num_bytes += call.num_bytes

    def take(self, now: float) -> list[ModelCall]:
        """Returns the calls of the batch to run next; nothing while none is due or has room.

        Whoever takes a batch must `finish` it.
        """
        for key, line in self._lines.items():
            if self._due(line) <= now:
                batch = self._first_batch(line)
                if not self._has_room(batch):
                    self._lacks_room = True  # until a batch ends
                    return []  # first come, first served: few rows do not overtake many
                self._start(key, line, batch)
                return batch
        return []

    def next_due(self) -> float | None:
        """Returns when the next batch is due; None until a `put` or a `finish` makes one so."""
        if self._lacks_room:
            return None
        due = min(map(self._due, self._lines.values()), default=_NEVER)
        return due if due < _NEVER else None

    def finish(self, batch: Sequence[ModelCall]) -> None:
        """Takes note that a batch has run."""
        key = batch[0].batch_key
        line = self._lines[key]
        line.running -= 1
        self._lacks_room = False
        self._drop_if_empty(key, line)
        self._count_running(batch, -1)
        self._num_bytes -= sum(call.num_bytes for call in batch)

    def remove(self, call: ModelCall) -> bool:
        """Takes out a call that nobody waits for any more; returns False where it runs already."""
        line = self._lines.get(call.batch_key)
        if line is None or call not in line.calls:
            return False
        line.calls.remove(call)
        line.size -= call.size
        self._drop_if_empty(call.batch_key, line)
        self._num_waiting -= 1
        self._num_bytes -= call.num_bytes
        return True

    def _check_room(self, call: ModelCall, line: _Line) -> None:
        limits, batching = self._limits, self._batching
        idle = limits.num_threads - self._num_batches
        if self._num_waiting >= limits.max_waiting + idle:
            raise overloaded(f"{limits.max_waiting} requests are waiting already (--max_queue)")
        if self._num_bytes and self._num_bytes + call.num_bytes > limits.max_bytes:
            held = f"inputs of {self._num_bytes} bytes are waiting already"
            raise overloaded(f"{held} (--max_queue_bytes)")
        room = batching.max_enqueued_batches * batching.execution_limit
        if line.size and line.size + call.size > room:
            raise StatusError(
                Code.UNAVAILABLE,
                "The batch scheduling queue to which this task was submitted is full; currently "
                f"{line.size} rows enqueued and max_enqueued_batches is "
                f"{batching.max_enqueued_batches}",
            )

    def _due(self, line: _Line) -> float:
        """Returns when the line's next batch may run; a moment that is past where it is full."""
        if not line.calls or line.running >= self._batching.num_batch_threads:
            return _NEVER
        if line.size == 0 or line.size >= self._most_rows:
            return 0.0
        return line.calls[0].queued + self._batching.batch_timeout_micros / 1e6

    def _first_batch(self, line: _Line) -> list[ModelCall]:
        """Returns the first calls of a line: one, and more while they are not too many rows."""
        most = self._most_rows
        batch: list[ModelCall] = []
        size = rows = 0
        for call in line.calls:
            size, rows = size + call.size, rows + call.rows
            if batch and (size > most or rows > (self._limits.max_rows or rows)):
                break
            batch.append(call)
        return batch

    def _has_room(self, batch: Sequence[ModelCall]) -> bool:
        """Whether the rows of a batch may join those that run; none are refused for ever."""
        limit, running = self._limits.max_rows, self._running_rows
        return not limit or not running or running + sum(call.rows for call in batch) <= limit

    def _start(self, key: Hashable, line: _Line, batch: Sequence[ModelCall]) -> None:
        for call in batch:
            line.calls.popleft()
            line.size -= call.size
        line.running += 1
        self._num_waiting -= len(batch)
        self._count_running(batch, 1)
        self._lines[key] = self._lines.pop(key)  # behind the other lines

    def _drop_if_empty(self, key: Hashable, line: _Line) -> None:
        if not line.calls and not line.running:
            del self._lines[key]

    def _count_running(self, batch: Sequence[ModelCall], sign: int) -> None:
        self._num_batches += sign
        self._num_running += sign * len(batch)
        self._running_rows += sign * sum(call.rows for call in batch)
