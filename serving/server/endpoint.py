"""What both interfaces share: a request's road through the model, the metrics and the log."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from serving.server.access_log import AccessLog
from serving.server.batcher import Batcher
from serving.server.core import Core, PredictRequest
from serving.server.metrics import Metrics
from serving.server.registry import Registry
from serving.server.request_context import Progress, RequestContext
from serving.server.security import ApiKey
from serving.server.status import Code, StatusError, overloaded

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_LARGE = 2**13  # bytes that are not read or written in the loop's thread, where others wait for it


@dataclass
class Endpoint:
    """The parts of an endpoint that its interfaces translate to.

    Attributes:
        codec: threads that read and write what is large.
        max_bytes: the size of all requests that are held; one alone may be larger.
        ready: whether new requests are welcome; health checks report it.
    """

    core: Core
    registry: Registry
    batcher: Batcher
    metrics: Metrics
    access_log: AccessLog
    api_key: ApiKey
    codec: ThreadPoolExecutor
    max_bytes: int
    ready: bool = False
    _held: int = field(default=0, init=False)  # bytes; the loop's thread only

    async def predict(
        self, progress: Progress, num_bytes: int, parse: Callable[[], PredictRequest]
    ) -> bytes:
        """Answers a Predict request.

        Args:
            progress: of the request; the steps are noted there.
            num_bytes: the size of the request.
            parse: reads it.

        Raises:
            StatusError: the first check that failed, no room, no time, or the runtime's own error.
        """
        with self._holding(num_bytes):
            request = await self._beside(num_bytes, parse)
            progress.asks_for(request.query, request.signature)
            with self.core.lease(request.query) as servable:
                progress.servable = servable
                call = await self._beside(
                    num_bytes, self.core.prepare, servable, request, progress.context.deadline
                )
                progress.call = call
                progress.execution = execution = await self.batcher.run(call)
                return await self._beside(
                    execution.num_bytes, request.encode, servable, execution.outputs
                )

    def close(self) -> None:
        """Ends the threads once they have run what waits, and lets the models go."""
        self.batcher.close()
        self.codec.shutdown(wait=False)
        self.registry.close()
        self.access_log.close()

    @contextmanager
    def recording(
        self, context: RequestContext, method: str = "", model: str = ""
    ) -> Iterator[Progress]:
        """Counts and logs the request answered in the block; its errors leave as StatusError."""
        progress, status = Progress(context, method, model), Code.OK
        try:
            yield progress
        except StatusError as error:
            status = error.code
            raise
        except asyncio.CancelledError:
            status = Code.CANCELLED
            raise
        except Exception as error:  # the client gets an answer even where this program is at fault
            _log.exception("%s %s failed", context.entrypoint, progress.method)
            status = Code.INTERNAL
            raise StatusError(Code.INTERNAL, f"{type(error).__name__}: {error}") from error
        finally:
            self.metrics.observe(progress, status)
            self.access_log.write(progress, status)

    @contextmanager
    def _holding(self, num_bytes: int) -> Iterator[None]:
        if self._held and self._held + num_bytes > self.max_bytes:
            held = f"requests of {self._held} bytes are waiting already"
            raise overloaded(f"{held} (--max_queue_bytes)")
        self._held += num_bytes
        try:
            yield
        finally:
            self._held -= num_bytes

    async def _beside(self, size: int, function: Callable[..., _T], *arguments: object) -> _T:
        """Calls a function; in a thread of its own where what it reads or writes is large."""
        if size <= _LARGE:
            return function(*arguments)
        return await asyncio.get_running_loop().run_in_executor(self.codec, function, *arguments)
