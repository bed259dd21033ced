"""Publishing files whole or not at all, on local disks and on object stores alike.

TensorFlow, whose file systems know object stores, is imported when a path is on one.
"""

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

# A folder aside that is older than this was left by a process that was killed.
_STALE_SECONDS = 24 * 3600


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Whether a path belongs to an object store, such as gs://bucket/folder."""
    return "://" in os.fspath(path)


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
    return re.sub(r" *(\[\[.*?\]\]|\[Op:\w+\]( name: *\S*)?)", "", " ".join(text.split())).strip()


def read_text(path: str) -> str:
    """The UTF-8 text of a local or remote file.

    Raises:
        OSError: when it cannot be read.
    """
    if not is_remote(path):
        return Path(path).read_text(encoding="utf-8")
    import tensorflow as tf

    try:
        with tf.io.gfile.GFile(path) as file:
            return str(file.read())
    except tf.errors.OpError as error:
        raise OSError(None, error.message, path) from error


def json_rows(text: str) -> list[dict[str, Any]]:
    """The objects of a JSON-lines text, without what is none, such as a line cut short."""
    documents = []
    for line in text.splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            documents.append(json.loads(line))
    return [document for document in documents if isinstance(document, dict)]


def write_atomically(path: str, content: bytes) -> None:
    """Writes a file aside and renames it; an object store writes objects whole by itself."""
    if is_remote(path):
        import tensorflow as tf

        with tf.io.gfile.GFile(path, "wb") as file:
            file.write(content)
        return
    descriptor, aside = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(aside, 0o644)
        os.replace(aside, path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def folder_aside(parent: str | os.PathLike[str] | None) -> Iterator[Path]:
    """A new folder in `parent` to write in and rename; what is left of it afterwards is removed.

    Folders that killed processes left there more than a day ago are removed too.

    Args:
        parent: a local folder, made when it does not exist; None is the system's temporary folder.
    """
    if parent is not None:
        os.makedirs(parent, exist_ok=True)
        _remove_stale(Path(parent))
    aside = Path(tempfile.mkdtemp(dir=parent, prefix=".", suffix=".part"))
    aside.chmod(0o755)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


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
    with folder_aside(None if is_remote(target) else os.path.dirname(target)) as aside:
        yield str(aside)
        if is_remote(target):
            _upload(aside, target, marker)
        else:
            os.rename(aside, target)


def _upload(folder: Path, target: str, marker: str) -> None:
    import tensorflow as tf

    relative = [str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()]
    for name in sorted(relative, key=lambda name: name == marker):
        tf.io.gfile.makedirs(os.path.dirname(join(target, name)))
        tf.io.gfile.copy(str(folder / name), join(target, name), overwrite=True)
