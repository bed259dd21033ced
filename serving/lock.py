"""A lock that a process holds while it works in a folder, and loses however it ends.

The package filelock could not say who holds it, and would be one more for clients to install.
"""

import errno
import fcntl
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

# What file systems without locks answer, some of those of clusters among them.
_WITHOUT = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK})


class HeldError(Exception):
    """Another process holds the lock; the text says which, and since when."""


@contextmanager
def held(path: str) -> Iterator[None]:
    """Holds the lock file `path`, whose folder exists; the file is gone afterwards.

    The system drops the lock with the process: what a killed one leaves is a file that locks
    nothing. A file system that knows no locks has none.

    Raises:
        HeldError: another process holds it.
        OSError: the file cannot be opened.
    """
    file = _taken(path)
    try:
        _sign(file)
        yield
    finally:
        # While it is still held, or this would be the next one's.
        with suppress(FileNotFoundError):
            os.remove(path)
        file.close()


def _taken(path: str) -> IO[str]:
    while True:
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 - held beyond this function
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            with file:
                raise HeldError(_holder(file)) from error
        except OSError as error:
            if error.errno not in _WITHOUT:
                file.close()
                raise
        if _is_still(path, file):
            return file
        file.close()


def _is_still(path: str, file: IO[str]) -> bool:
    """Whether the file has not been removed by the one who held it between its opening and now."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    return False


def _sign(file: IO[str]) -> None:
    file.truncate(0)
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    json.dump({"process": os.getpid(), "host": platform.node(), "since": since}, file)
    file.flush()


def _holder(file: IO[str]) -> str:
    file.seek(0)
    try:
        holder: dict[str, Any] = json.load(file)
        return f"by process {holder['process']} on {holder['host']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        return "by another process that has just begun"
