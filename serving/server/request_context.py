"""What is known of a request from its arrival on, and how far it has come."""

import random
import time
from dataclasses import dataclass, field

from serving.server.batcher import Execution
from serving.server.core import ModelQuery
from serving.server.models import Servable
from serving.server.request_queue import ModelCall
from serving.server.signatures import DEFAULT_SIGNATURE

_MAX_ID = 128


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Who asks, and since when.

    Attributes:
        entrypoint: "GRPC" or "REST".
        request_id: the client's own, or a new one.
        deadline: when nobody wants the answer any more, by `time.monotonic`; None for never.
        started: when it arrived, by the same clock.
    """

    entrypoint: str
    request_id: str = ""
    deadline: float | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """From arrival until now."""
        return time.monotonic() - self.started


@dataclass(slots=True)
class Progress:
    """How far a request has come; written by the event loop's thread alone.

    Attributes:
        context: who asks.
        method: such as "predict", "metadata", "status", "reload".
        model: the model asked for.
        signature: the signature asked for.
        servable: the version that answers; None before it is found.
        call: what the model is asked; None before the request is decoded.
        execution: what came of that; None before it has run.
    """

    context: RequestContext
    method: str = ""
    model: str = ""
    signature: str = ""
    servable: Servable | None = None
    call: ModelCall | None = None
    execution: Execution | None = None

    def asks_for(self, query: ModelQuery | None, signature: str) -> None:
        """Notes what the parsed request asks for."""
        self.model = query.name if query is not None else ""
        self.signature = signature or DEFAULT_SIGNATURE

    @property
    def version(self) -> int | None:
        """The version that answers."""
        return self.servable.version if self.servable is not None else None

    @property
    def rows(self) -> int:
        """The request's rows."""
        return self.call.rows if self.call is not None else 0

    @property
    def batch_rows(self) -> int | None:
        """Rows that ran together; None without batching."""
        return self.execution.batch_rows if self.execution is not None else None

    @property
    def run_seconds(self) -> float:
        """How long the run took, for all that shared it."""
        return self.execution.run_seconds if self.execution is not None else 0.0

    @property
    def queue_seconds(self) -> float:
        """How long the call waited, until now where it does so still."""
        if self.execution is not None:
            return self.execution.queue_seconds
        return time.monotonic() - self.call.queued if self.call and self.call.queued else 0.0


def request_id(given: str | bytes | None) -> str:
    """Returns the client's id where it is short printable ASCII, else a new one."""
    text = given.decode("latin-1") if isinstance(given, bytes) else given
    if text and len(text) <= _MAX_ID and text.isascii() and text.isprintable():
        return text
    return f"{random.getrandbits(128):032x}"  # unique is enough; nobody need be unable to guess it
