"""Publishing files whole or not at all, on local disks and on object stores alike."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Whether a path belongs to an object store, such as gs://bucket/folder."""
    return "://" in os.fspath(path)


def join(folder: str | os.PathLike[str], *parts: str) -> str:
    """A path below a local or remote folder."""
    return os.path.join(os.fspath(folder), *parts)


def write_atomically(path: str, content: bytes) -> None:
    """Writes a file aside and renames it; an object store writes objects whole by itself."""
    if is_remote(path):
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
def published_folder(target: str, *, marker: str) -> Iterator[str]:
    """A folder to fill, which appears at `target` when the block ends well, else not at all.

    Args:
        target: a local or remote path that does not exist.
        marker: the file whose presence says that the folder is whole; on an object store, which
            cannot rename folders, it is copied last.
    """
    parent = None if is_remote(target) else os.path.dirname(target)
    if parent:
        os.makedirs(parent, exist_ok=True)
    aside = tempfile.mkdtemp(dir=parent, prefix=".", suffix=".part")
    try:
        yield aside
        if is_remote(target):
            _upload(aside, target, marker)
        else:
            os.chmod(aside, 0o755)
            os.rename(aside, target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _upload(folder: str, target: str, marker: str) -> None:
    relative = [str(p.relative_to(folder)) for p in Path(folder).rglob("*") if p.is_file()]
    for name in sorted(relative, key=lambda name: name == marker):
        tf.io.gfile.makedirs(os.path.dirname(join(target, name)))
        tf.io.gfile.copy(join(folder, name), join(target, name), overwrite=True)
