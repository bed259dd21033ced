"""What both clients are made with: endpoint, builder of requests, rules for trying again."""

import os
import threading
import weakref
from typing import Any, Generic, TypeVar

from serving.errors import UsageError
from serving.messages import DEFAULT_MODEL, Certificates, Endpoint
from serving.request_builder import RequestBuilder
from serving.retry import Attempts, RetryBudget
from serving.transports import AsyncTransport, Transport

AnyTransport = TypeVar("AnyTransport", Transport, AsyncTransport)


class BaseClient(Generic[AnyTransport]):
    """Options and knowledge of a client; `Client` and `AsyncClient` add the way calls travel.

    A client may be used on both sides of a fork: the child makes connections of its own.
    """

    def __init__(
        self,
        target: str,
        model: str = DEFAULT_MODEL,
        *,
        version: int | None = None,
        version_label: str | None = None,
        timeout: float = 30.0,
        max_retries: int = 5,
        max_concurrency: int = 4,
        chunk_rows: int | None = None,
        ca_certificate: str | None = None,
        client_certificate: str | None = None,
        client_key: str | None = None,
        api_key: str | None = None,
    ) -> None:
        """Prepares the connection; the first request opens it.

        Args:
            target: "host:8500" for gRPC, "http://host:8501" for REST; "grpcs://host:8500" and
                "https://host:8501" with TLS. What follows in an address that `gan serve` prints
                (`/v1/models/NAME`) names the model.
            model: the name under which the model is served.
            version: the version to ask for; None for the newest.
            version_label: the version label to ask for, such as "stable".
            timeout: seconds that one message may take, its repetitions included.
            max_retries: repetitions of a message after UNAVAILABLE; one that died on a connection
                which had been idle is sent again in any case.
            max_concurrency: messages of one long request that may be under way together.
            chunk_rows: rows per message; None for as many as keep a message near 2 MiB.
            ca_certificate: PEM file of who vouches for the server; None for those that the
                system trusts.
            client_certificate: PEM file of the client's own certificate, for mutual TLS.
            client_key: PEM file of its private key.
            api_key: sent as `x-api-key`.

        Raises:
            UsageError: `target` names no endpoint, or an option is out of range.
        """
        if not timeout > 0:
            raise UsageError(f"timeout: received {timeout}; expected seconds greater than 0.")
        if max_retries < 0:
            raise UsageError(f"max_retries: received {max_retries}; expected 0 or more.")
        if max_concurrency < 1:
            raise UsageError(f"max_concurrency: received {max_concurrency}; expected 1 or more.")
        if chunk_rows is not None and chunk_rows < 1:
            raise UsageError(f"chunk_rows: received {chunk_rows}; expected 1 or more.")
        files = Certificates(ca_certificate, client_certificate, client_key)
        self._endpoint = Endpoint.at(target, model, version, version_label, files, api_key)
        self._builder = RequestBuilder(self._endpoint.version is not None, chunk_rows)
        self._timeout = timeout
        self._max_retries = max_retries
        self._max_concurrency = max_concurrency
        self._closed = False
        self._start_over()
        self._connected()
        _clients.add(self)

    def _start_over(self) -> None:
        """Begins without connections, threads and held locks; so does the child of a fork."""
        self._transport: AnyTransport | None = None
        self._budget = RetryBudget(self._max_retries)
        self._lock = threading.Lock()  # or two threads would connect twice

    def _connected(self) -> AnyTransport:
        """Returns what carries the calls.

        Raises:
            UsageError: the client is closed, or there can be no connection to such an endpoint.
        """
        with self._lock:
            if self._closed:
                raise UsageError("client: it was closed; make another one for further requests.")
            if self._transport is None:
                self._transport = self._connect()
            return self._transport

    def _connect(self) -> AnyTransport:
        raise NotImplementedError

    def _attempts(self) -> Attempts:
        return Attempts(self._timeout, self._max_retries, self._budget)


_clients: "weakref.WeakSet[BaseClient[Any]]" = weakref.WeakSet()
_of_the_parent: list[object] = []


def _begin_in_child() -> None:
    """Parts the child of a fork from its parent, whose sockets and locks it was born with.

    On a shared socket either would read answers to the other's requests. The parent's transports
    are kept, untouched: to end them here could end them there.
    """
    for client in list(_clients):
        _of_the_parent.append(client._transport)
        client._start_over()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_begin_in_child)
