"""uvicorn's HTTP protocol with patience: clients that dawdle are cut off.

It also speaks as the rest of the endpoint does where uvicorn alone would not: what is no HTTP is
refused in JSON, and an offer to change to another protocol is passed over, as TF Serving does.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import httptools
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MAX_HEADER_BYTES = 2**16
_KEY = "saddlepoint.departure"
_UPGRADE = (b"upgrade", b"http2-settings")


@dataclass
class Departure:
    """Whether the client has gone, and the task that would then answer nobody.

    A second task for every request, which awaits `http.disconnect`, would do as well and cost more.
    """

    happened: bool = False
    _task: "asyncio.Task[Any] | None" = None

    @classmethod
    def of(cls, scope: Scope) -> Self:
        """Returns that of the client who sends a request."""
        return scope["state"][_KEY]

    @contextmanager
    def cancels(self) -> Iterator[None]:
        """Cancels what the current task does in the block if the client goes away."""
        self._task = asyncio.current_task()
        try:
            yield
        finally:
            self._task = None

    def happen(self) -> None:
        """The client has gone."""
        self.happened = True
        if self._task is not None:
            self._task.cancel()


class PatientProtocol(HttpToolsProtocol):
    """Closes the connection when the head does not arrive or the reply does not leave.

    The body's time is the application's to watch.

    Attributes:
        on_made: called once the connection is made.
    """

    seconds = 30.0
    on_made: Callable[[], None] = staticmethod(lambda: None)

    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _unclaimed_bytes = 0
    _data = b""
    _again: bytes | None = None

    def connection_made(self, transport: Any) -> None:
        """Gives the client its time for the first head."""
        super().connection_made(transport)
        self._departure = Departure()
        self.on_made()
        self._head_timer = self.loop.call_later(self.seconds, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Counts the bytes that are neither a whole head nor body; starts the next head's clock.

        Such bytes are a head that does not end, or fields after the body that do not.
        """
        idle = self.cycle is None or self.cycle.response_complete
        if self._head_timer is None and idle:  # the next request on a kept connection
            self._head_timer = self.loop.call_later(self.seconds, self.transport.abort)
        self._unclaimed_bytes += len(data)
        self._again = data
        while self._again is not None:
            self._data, self._again = self._again, None
            super().data_received(self._data)
        self._data = b""
        if self._unclaimed_bytes > _MAX_HEADER_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """A request begins: whoever answers it may want to know that the client has gone."""
        super().on_message_begin()
        self.scope["state"][_KEY] = self._departure

    def on_headers_complete(self) -> None:
        """The head has come."""
        self._unclaimed_bytes = 0
        self._stop_head_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body has come."""
        self._unclaimed_bytes = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no HTTP, in the form of every error, and ends the connection."""
        content = json.dumps({"error": msg}).encode()
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + content)
        self.transport.close()

    def _should_upgrade(self) -> bool:
        return True  # uvicorn then leaves the request to the method below

    def handle_websocket_upgrade(self) -> None:
        """Has the request read anew without its offer to change to another protocol.

        The parser stops at such a head and takes the body for the other protocol. Java's client
        offers HTTP/2 so in its every first request.
        """
        stopped = sys.exc_info()[1]  # uvicorn is handling the parser's HttpParserUpgrade
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT" or stopped is None:  # there is no request but the other protocol
            self.send_400_response("Invalid HTTP request received.")
            return
        fields = (name + b": " + value for name, value in self.headers if name not in _UPGRADE)
        head = b"\r\n".join([b"%s %s HTTP/%s" % (method, self.url, version), *fields])
        self._again = head + b"\r\n\r\n" + self._data[stopped.args[0] :]
        self.parser = httptools.HttpRequestParser(self)  # the old one may take no request any more

    def pause_writing(self) -> None:
        """The client takes the reply more slowly than it was written."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(self.seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has taken the reply."""
        super().resume_writing()
        self._stop_write_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clocks and whoever answers."""
        self._departure.happen()
        self._stop_head_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


def patient_protocol(seconds: float) -> type[PatientProtocol]:
    """Returns a protocol class for `uvicorn.Config(http=…)`.

    Args:
        seconds: how long a client may take to send a request's head, and to take a reply off us.
    """
    return type("BoundedProtocol", (PatientProtocol,), {"seconds": seconds})
