"""What is remembered of a request: for the metrics and for the access log."""

import random
import time
from dataclasses import dataclass, field

from serving.server.status import Code

_MAX_ID = 128


@dataclass
class RequestRecord:
    """One request, filled in while it is answered.

    Attributes:
        entrypoint: "GRPC" or "REST".
        method: such as "predict", "metadata", "status", "reload".
        request_id: the client's own, or a new one.
        model: the model that answered, or was asked for.
        version: the version that answered; None when none did.
        signature: the signature that ran.
        rows: the request's rows.
        batch_rows: rows that ran together, those of other requests included; None without batching.
        queue_seconds: from admission to the start of the work, and from its call to the run.
        run_seconds: inside the model, for all that shared the run.
        started: when it arrived, by `time.monotonic`.
        status: how it ended.
    """

    entrypoint: str
    method: str = ""
    request_id: str = ""
    model: str = ""
    version: int | None = None
    signature: str = ""
    rows: int = 0
    batch_rows: int | None = None
    queue_seconds: float = 0.0
    run_seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)
    status: Code = Code.OK

    @property
    def seconds(self) -> float:
        """From arrival until now."""
        return time.monotonic() - self.started


def request_id(given: str | bytes | None) -> str:
    """Returns the client's id where it is short printable ASCII, else a new one."""
    text = given.decode("latin-1") if isinstance(given, bytes) else given
    if text and len(text) <= _MAX_ID and text.isascii() and text.isprintable():
        return text
    return f"{random.getrandbits(128):032x}"  # unique is enough; nobody need be unable to guess it
