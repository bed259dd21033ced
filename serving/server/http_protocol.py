"""uvicorn's HTTP protocol with patience: clients that dawdle, or are too many, are cut off."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MAX_HEADER_BYTES = 2**16


class PatientProtocol(HttpToolsProtocol):
    """Closes the connection when the head does not arrive or the reply does not leave.

    The body's time is the application's to watch.
    """

    seconds = 30.0
    max_connections = 4096

    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Gives the client its time for the first head."""
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            transport.abort()
            return
        self._head_timer = self.loop.call_later(self.seconds, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Counts the bytes of a head, and starts the clock for the next one."""
        idle = self.cycle is None or self.cycle.response_complete
        if self._head_timer is None and idle:  # the next request on a kept connection
            self._head_timer = self.loop.call_later(self.seconds, self.transport.abort)
        if self._head_timer is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_timer is not None and self._head_bytes > _MAX_HEADER_BYTES:
            self.transport.abort()

    def on_headers_complete(self) -> None:
        """The head has come."""
        self._stop_head_timer()
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """The client takes the reply more slowly than it was written."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(self.seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has taken the reply."""
        super().resume_writing()
        self._stop_write_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clocks."""
        self._stop_head_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    def _stop_head_timer(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


def patient_protocol(seconds: float, max_connections: int) -> type[PatientProtocol]:
    """Returns a protocol class for `uvicorn.Config(http=…)`.

    Args:
        seconds: how long a client may take to send a request's head, and to take a reply off us.
        max_connections: connections held open at a time; further ones are closed at once.
    """
    bounds = {"seconds": seconds, "max_connections": max_connections}
    return type("BoundedProtocol", (PatientProtocol,), bounds)
