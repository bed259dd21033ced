"""The access log: one line of JSON for every request."""

import json
import logging
import logging.handlers
import sys
from datetime import UTC, datetime

from serving.errors import UsageError
from serving.server.request_context import Progress
from serving.server.status import Code

_MAX_NAME = 200  # characters; a request may name a model by megabytes


class AccessLog:
    """Writes to a file, to standard error, or nowhere."""

    def __init__(self, path: str) -> None:
        """Opens the log.

        Args:
            path: a file to append to; "-" for standard error; "" for no log.

        Raises:
            UsageError: the file cannot be written.
        """
        self._handler: logging.Handler | None = None
        if path == "-":
            self._handler = logging.StreamHandler(sys.stderr)
        elif path:
            try:
                # Reopens after rotation; what goes wrong later is reported and never raised.
                self._handler = logging.handlers.WatchedFileHandler(path, encoding="utf-8")
            except OSError as error:
                raise UsageError(
                    f"access_log: {path!r} cannot be written: {error.strerror}."
                ) from error

    def write(self, progress: Progress, status: Code) -> None:
        """Adds a line."""
        if self._handler is None:
            return
        line = json.dumps(_fields(progress, status), separators=(",", ":"))
        self._handler.handle(logging.LogRecord("access", logging.INFO, "", 0, line, None, None))

    def close(self) -> None:
        """Ends the log."""
        if self._handler is not None:
            self._handler.close()


def _fields(progress: Progress, status: Code) -> dict[str, object]:
    context = progress.context
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "request_id": context.request_id,
        "entrypoint": context.entrypoint,
        "method": progress.method,
        "model": progress.model[:_MAX_NAME],
        "version": progress.version,
        "signature": progress.signature[:_MAX_NAME],
        "rows": progress.rows,
        "batch_rows": progress.batch_rows,
        "queue_ms": round(1000 * progress.queue_seconds, 3),
        "run_ms": round(1000 * progress.run_seconds, 3),
        "total_ms": round(1000 * context.seconds, 3),
        "status": status.name,
    }
