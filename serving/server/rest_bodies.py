"""Bodies of HTTP requests: how large, how slow and how many they may be."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request

from serving.server.options import ServerOptions
from serving.server.status import Code, StatusError, overloaded

MAX_DIGITS = 100  # beyond any number that a client may have padded

_GZIP = zlib.MAX_WBITS + 16  # zlib's word for that format and no other


class BodyRefused(StatusError):  # noqa: N818 - a status of its own
    """A body that is too large, too slow, or one too many; HTTP has its own numbers for these."""

    def __init__(self, http_status: HTTPStatus, code: Code, text: str) -> None:
        """Has a status for HTTP beside the canonical `code`."""
        super().__init__(code, text)
        self.http_status = http_status


@dataclass
class _Held:
    """How much of one body is held."""

    size: int = 0


class Bodies:
    """Reads bodies while it bounds the size of each and of all that are held."""

    def __init__(self, options: ServerOptions) -> None:
        """Takes the bounds from the flags."""
        self._max_bytes = options.max_request_bytes
        self._max_held = max(options.max_queue_bytes, options.max_request_bytes)
        self._seconds = options.slow_client_timeout_seconds
        # Apart from what is worked on: clients say how slowly a body comes, and must not keep out
        # requests that are there.
        self._held = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """Yields a request's body, which counts as held until the block is left.

        Raises:
            BodyRefused: it is too large, too slow, or one too many.
            StatusError: CANCELLED when the client went away.
        """
        held = _Held()
        try:
            yield await self._collect(request, held)
        finally:
            self._held -= held.size

    async def _collect(self, request: Request, held: _Held) -> bytes:
        length = request.headers.get("content-length", "0")
        if len(length) > MAX_DIGITS or int(length) > self._max_bytes:
            raise self._too_large()
        chunks = []
        try:
            async with asyncio.timeout(self._seconds):
                async for chunk in request.stream():
                    self._hold(held, len(chunk))
                    chunks.append(chunk)
        except TimeoutError as error:
            text = f"The body did not arrive within {self._seconds:g} s."
            raise BodyRefused(HTTPStatus.REQUEST_TIMEOUT, Code.DEADLINE_EXCEEDED, text) from error
        except ClientDisconnect as error:
            raise StatusError(Code.CANCELLED, "The client went away.") from error
        return b"".join(chunks)

    def unpacked_size(self, body: bytes) -> int:
        """Returns how much a body says that it unpacks to; `unpack` takes no more than that."""
        size = int.from_bytes(body[-4:], "little")  # where gzip keeps it
        return min(size, self._max_bytes)

    def unpack(self, body: bytes) -> bytes:
        """Returns what was compressed by gzip; nothing where it is broken.

        Raises:
            BodyRefused: it unpacks to too much.
        """
        unpacker, size = zlib.decompressobj(_GZIP), self.unpacked_size(body)
        try:
            content = unpacker.decompress(body, size + 1)
        except zlib.error:
            return b""
        if len(content) > self._max_bytes:
            raise self._too_large()
        return content if unpacker.eof and len(content) == size else b""

    def _hold(self, held: _Held, size: int) -> None:
        held.size += size
        self._held += size
        if held.size > self._max_bytes:
            raise self._too_large()
        if self._held > self._max_held:
            others = f"bodies of {self._held - size} bytes are arriving already"
            text = overloaded(f"{others} (--max_queue_bytes)").text
            raise BodyRefused(HTTPStatus.SERVICE_UNAVAILABLE, Code.UNAVAILABLE, text)

    def _too_large(self) -> BodyRefused:
        limit = self._max_bytes
        text = f"The body is larger than {limit} bytes (--max_request_bytes). Split the request."
        return BodyRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Code.INVALID_ARGUMENT, text)
