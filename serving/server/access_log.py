"""The access log: one line of JSON for every request."""

import json
import logging
import logging.handlers
import sys
from datetime import UTC, datetime

from serving.errors import UsageError
from serving.server.record import RequestRecord

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

    def write(self, record: RequestRecord) -> None:
        """Adds a line."""
        if self._handler is None:
            return
        line = json.dumps(_fields(record), separators=(",", ":"))
        self._handler.handle(logging.LogRecord("access", logging.INFO, "", 0, line, None, None))

    def close(self) -> None:
        """Ends the log."""
        if self._handler is not None:
            self._handler.close()


def _fields(record: RequestRecord) -> dict[str, object]:
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "request_id": record.request_id,
        "entrypoint": record.entrypoint,
        "method": record.method,
        "model": record.model[:_MAX_NAME],
        "version": record.version,
        "signature": record.signature[:_MAX_NAME],
        "rows": record.rows,
        "batch_rows": record.batch_rows,
        "queue_ms": round(1000 * record.queue_seconds, 3),
        "run_ms": round(1000 * record.run_seconds, 3),
        "total_ms": round(1000 * record.seconds, 3),
        "status": record.status.name,
    }
