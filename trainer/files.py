"""Paths as the trainer is given them, and folders that appear whole or not at all."""

import contextlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from serving.files import file_system, is_remote, reason

# A temporary folder that is older than this was left by a process that was killed.
_STALE_SECONDS = 24 * 3600


def join(folder: str | os.PathLike[str], *parts: str) -> str:
    """A path below a local or remote folder."""
    return os.path.join(os.fspath(folder), *parts)


def expanded(path: str | os.PathLike[str]) -> str:
    """A path with `~` read as the home folder, which shells leave as it is behind an equals sign.

    A local one becomes absolute.
    """
    path = os.fspath(path)
    return path if is_remote(path) else os.path.abspath(os.path.expanduser(path))


def reason_of(error: Exception) -> str:
    """Why a file operation failed, in one line: TensorFlow's text without its own address."""
    text = getattr(error, "strerror", None) or getattr(error, "message", None) or str(error)
    text = reason(text)
    return re.sub(r" *(\[\[.*?\]\]|\[Op:\w+\]( name: *\S*)?)", "", " ".join(text.split())).strip()


def read_text(path: str) -> str:
    """The UTF-8 text of a local or remote file.

    Raises:
        OSError: when it cannot be read.
    """
    return file_system(path).read(path).decode("utf-8")


def json_rows(text: str) -> list[dict[str, Any]]:
    """The objects of a JSON-lines text, without what is none, such as a line cut short."""
    documents = []
    for line in text.splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            documents.append(json.loads(line))
    return [document for document in documents if isinstance(document, dict)]


def write_atomically(path: str, content: bytes) -> None:
    """Puts a file there, which shows nothing or all of it."""
    file_system(path).write(path, content)


@contextlib.contextmanager
def temporary_folder(parent: str | os.PathLike[str] | None) -> Iterator[Path]:
    """A new folder in `parent` to write in and rename; what is left of it afterwards is removed.

    Folders that killed processes left there more than a day ago are removed too.

    Args:
        parent: a local folder, made when it does not exist; None is the system's temporary folder.
    """
    if parent is not None:
        os.makedirs(parent, exist_ok=True)
        _remove_stale(Path(parent))
    temporary = Path(tempfile.mkdtemp(dir=parent, prefix=".", suffix=".part"))
    temporary.chmod(0o755)
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _remove_stale(parent: Path) -> None:
    for folder in parent.glob(".*.part"):
        # Another process may rename its folder in this moment.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def published_folder(target: str, *, marker: str) -> Iterator[str]:
    """A folder to fill, which appears at `target` when the block ends well, else not at all.

    Args:
        target: a local or remote path that does not exist.
        marker: the file whose presence says that the folder is whole; on an object store, which
            cannot rename folders, it is copied last.
    """
    with temporary_folder(None if is_remote(target) else os.path.dirname(target)) as temporary:
        yield str(temporary)
        if is_remote(target):
            _upload(temporary, target, marker)
        else:
            os.rename(temporary, target)


def _upload(folder: Path, target: str, marker: str) -> None:
    system = file_system(target)
    relative = [str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()]
    for name in sorted(relative, key=lambda name: name == marker):
        system.make_folder(os.path.dirname(join(target, name)))
        system.publish(str(folder / name), join(target, name))
