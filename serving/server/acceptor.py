"""Takes HTTP connections off the listening socket, as many as there is room for.

asyncio's own server, out of file descriptors, tries two thousand times at once, logs a traceback
for each and tries each again a second later.
"""

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Callable, Sized

from serving.server.http_protocol import PatientProtocol

_log = logging.getLogger(__name__)

_AT_ONCE = 64  # connections taken before the loop turns to its other work
_PAUSE = 1.0  # seconds until the next try where the system has no room
_BETWEEN_LINES = 60.0  # seconds


class Acceptor:
    """Connects clients with protocols; all methods belong to the thread of one event loop."""

    def __init__(
        self,
        listening: socket.socket,
        make_protocol: Callable[[], PatientProtocol],
        connections: Sized,
        max_connections: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Accepts nothing before `start`.

        Args:
            listening: the socket that clients connect to.
            make_protocol: makes what speaks with one client.
            connections: those that are open.
            max_connections: further ones are closed at once.
            tls: encrypts the connections; None for plain text.
        """
        self._socket = listening
        self._make_protocol = make_protocol
        self._connections = connections
        self._max_connections = max_connections
        self._tls = tls
        self._opening: set[PatientProtocol] = set()  # connections that are not made yet
        self._tasks: set[asyncio.Task[None]] = set()
        self._again: asyncio.TimerHandle | None = None
        self._warned_at = -_BETWEEN_LINES

    def start(self) -> None:
        """Begins to accept."""
        self._again = None
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket, self._accept)

    def stop(self) -> None:
        """Accepts no more and closes the listening socket; open connections stay."""
        asyncio.get_running_loop().remove_reader(self._socket)
        if self._again is not None:
            self._again.cancel()
        for task in self._tasks:
            task.cancel()
        self._socket.close()

    def _accept(self) -> None:
        """Takes what waits, so many at a time; the loop calls again while there is more."""
        for _ in range(_AT_ONCE):
            try:
                connection, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no descriptor, no memory
                self._pause(error)
                return
            if len(self._connections) + len(self._opening) < self._max_connections:
                self._open(connection)
                continue
            connection.close()
            text = "HTTP: %d connections are open (--max_connections); further ones are closed."
            self._warn(text, self._max_connections)

    def _pause(self, error: OSError) -> None:
        """Lets clients wait in line: to try again at once would fail at once."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._socket)
        self._again = loop.call_later(_PAUSE, self.start)
        text = "HTTP: no connection can be accepted for the moment (%s); trying again every second."
        self._warn(text, error.strerror)

    def _open(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        protocol = self._make_protocol()
        self._opening.add(protocol)
        protocol.on_made = lambda: self._opening.discard(protocol)
        task = asyncio.get_running_loop().create_task(self._connect(protocol, connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, protocol: PatientProtocol, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(lambda: protocol, connection, ssl=self._tls)
        except OSError:  # the client went away, or its handshake failed
            connection.close()
        finally:
            self._opening.discard(protocol)

    def _warn(self, text: str, value: object) -> None:
        if time.monotonic() - self._warned_at >= _BETWEEN_LINES:
            self._warned_at = time.monotonic()
            _log.warning(text, value)
