"""A bound on rows: of one request, and of all that run at once, so that memory stays flat."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from serving.server.status import Code, StatusError, invalid_argument


class RowBudget:
    """At most `limit` rows in a request and in the model at any moment.

    Attributes:
        limit: in rows; 0 sets no bound.
    """

    def __init__(self, limit: int) -> None:
        """Starts with nothing taken."""
        self.limit = limit
        self._taken = 0
        self._line: deque[object] = deque()
        self._freed = threading.Condition()

    def check(self, rows: int) -> None:
        """Refuses a request that could never run.

        Raises:
            StatusError: INVALID_ARGUMENT; the text names the limit.
        """
        if self.limit and rows > self.limit:
            raise invalid_argument(
                f"The request has {rows} rows; this server takes at most {self.limit} rows a "
                "request (--max_request_rows). Split it."
            )

    @contextmanager
    def take(self, rows: int, timeout: float | None) -> Iterator[float | None]:
        """Holds `rows` of the budget meanwhile; yields what is left of `timeout`.

        First come, first served: few rows do not overtake many.

        Raises:
            StatusError: INVALID_ARGUMENT beyond the limit, DEADLINE_EXCEEDED when no room came.
        """
        self.check(rows)
        if not self.limit or not rows:
            yield timeout
            return
        started = time.monotonic()
        with self._freed:
            self._wait(rows, timeout)
            self._taken += rows
        try:
            yield None if timeout is None else timeout - (time.monotonic() - started)
        finally:
            with self._freed:
                self._taken -= rows
                self._freed.notify_all()

    def _wait(self, rows: int, timeout: float | None) -> None:
        place = object()
        self._line.append(place)
        try:
            if not self._freed.wait_for(
                lambda: self._line[0] is place and self._taken + rows <= self.limit, timeout
            ):
                raise StatusError(Code.DEADLINE_EXCEEDED, "No room for the request came in time.")
        finally:
            self._line.remove(place)
            self._freed.notify_all()  # the next in line may fit as well
