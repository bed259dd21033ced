"""What both interfaces share: a request's way through admission, core, metrics and access log."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

from serving.server.access_log import AccessLog
from serving.server.admission import Admission
from serving.server.core import Core
from serving.server.gathering import Steps
from serving.server.metrics import Metrics
from serving.server.record import RequestRecord
from serving.server.registry import Registry
from serving.server.security import ApiKey
from serving.server.status import Code, StatusError

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


@dataclass
class Endpoint:
    """The parts of an endpoint that its interfaces translate to.

    Attributes:
        ready: whether new requests are welcome; health checks report it.
    """

    core: Core
    registry: Registry
    admission: Admission
    metrics: Metrics
    access_log: AccessLog
    api_key: ApiKey
    ready: bool = False

    async def work(
        self,
        record: RequestRecord,
        work: Callable[[], Steps[_T]],
        num_bytes: int,
        timeout: float | None,
    ) -> _T:
        """Returns what `work` returns in a thread, and notes how long it waited for one.

        The calls that it yields are run, together with those of others.

        Raises:
            StatusError: no room, no time, or whatever `work` raises.
        """
        arrived = monotonic()

        def timed() -> Steps[_T]:
            record.queue_seconds = monotonic() - arrived
            return (yield from work())

        return await self.admission.run(timed, num_bytes, timeout)

    @asynccontextmanager
    async def recording(self, record: RequestRecord) -> AsyncIterator[RequestRecord]:
        """Counts and logs the request answered in the block; its errors leave as StatusError."""
        try:
            yield record
        except StatusError as error:
            record.status = error.code
            raise
        except asyncio.CancelledError:
            record.status = record.status or Code.CANCELLED
            raise
        except Exception as error:  # the client gets an answer even where this program is at fault
            _log.exception("%s %s failed", record.entrypoint, record.method)
            record.status = Code.INTERNAL
            raise StatusError(Code.INTERNAL, f"{type(error).__name__}: {error}") from error
        finally:
            self.metrics.observe(record)
            self.access_log.write(record)
