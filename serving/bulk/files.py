"""Files on local disks and object stores: whole or absent.

Local paths go through the operating system, `gs://` and whatever else TensorFlow knows through
TensorFlow, and every other scheme through Beam's file systems where Beam is installed.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import tensorflow as tf

from serving.errors import ServingError, UsageError

_TENSORFLOW_SCHEMES = frozenset({"gs", "ram"})
_BLOCK = 1 << 20


class FileSystem(Protocol):
    """What bulk generation needs of a place."""

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder."""

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder."""

    def names(self, path: str) -> list[str]:
        """The sorted names in a folder; none where there is no folder."""

    def read(self, path: str) -> bytes:
        """The content of a file."""

    def make_folder(self, path: str) -> None:
        """Makes a folder and its parents."""

    def publish(self, local: str, path: str) -> None:
        """Moves a local file to its place, which shows nothing or all of it."""

    def remove(self, path: str) -> None:
        """Removes a file."""

    def remove_tree(self, path: str) -> None:
        """Removes a folder with all it holds, if it is there."""


class _Local:
    def exists(self, path: str) -> bool:
        return os.path.exists(path)

    def is_folder(self, path: str) -> bool:
        return os.path.isdir(path)

    def names(self, path: str) -> list[str]:
        return sorted(os.listdir(path)) if os.path.isdir(path) else []

    def read(self, path: str) -> bytes:
        with open(path, "rb") as file:
            return file.read()

    def make_folder(self, path: str) -> None:
        os.makedirs(path, exist_ok=True)

    def publish(self, local: str, path: str) -> None:
        os.replace(local, path)

    def remove(self, path: str) -> None:
        os.remove(path)

    def remove_tree(self, path: str) -> None:
        if os.path.isdir(path):
            shutil.rmtree(path)


class _TensorFlow:
    def exists(self, path: str) -> bool:
        return bool(tf.io.gfile.exists(path))

    def is_folder(self, path: str) -> bool:
        return bool(tf.io.gfile.isdir(path))

    def names(self, path: str) -> list[str]:
        if not tf.io.gfile.isdir(path):
            return []
        return sorted(name.rstrip("/") for name in tf.io.gfile.listdir(path))

    def read(self, path: str) -> bytes:
        with tf.io.gfile.GFile(path, "rb") as file:
            return file.read()

    def make_folder(self, path: str) -> None:
        tf.io.gfile.makedirs(path)

    def publish(self, local: str, path: str) -> None:
        temporary = f"{path}.temporary-{uuid.uuid4().hex}"
        tf.io.gfile.copy(local, temporary)
        tf.io.gfile.rename(temporary, path, overwrite=True)
        os.remove(local)

    def remove(self, path: str) -> None:
        tf.io.gfile.remove(path)

    def remove_tree(self, path: str) -> None:
        if tf.io.gfile.isdir(path):
            tf.io.gfile.rmtree(path)


class _Beam:
    """Object stores that Beam reaches: an object is there once it is closed."""

    def __init__(self) -> None:
        from apache_beam.io.filesystems import FileSystems

        self._systems: Any = FileSystems

    def exists(self, path: str) -> bool:
        return bool(self._systems.exists(path)) or self.is_folder(path)

    def is_folder(self, path: str) -> bool:
        return bool(self.names(path))

    def names(self, path: str) -> list[str]:
        folder = path.rstrip("/") + "/"
        (match,) = self._systems.match([f"{folder}**"])
        below = (entry.path[len(folder) :] for entry in match.metadata_list)
        return sorted({name.partition("/")[0] for name in below})

    def read(self, path: str) -> bytes:
        with self._systems.open(path) as file:
            return bytes(file.read())

    def make_folder(self, path: str) -> None:
        """Object stores have none."""

    def publish(self, local: str, path: str) -> None:
        with open(local, "rb") as source, self._systems.create(path) as target:
            shutil.copyfileobj(source, target)
        os.remove(local)

    def remove(self, path: str) -> None:
        self._systems.delete([path])

    def remove_tree(self, path: str) -> None:
        (match,) = self._systems.match([f"{path.rstrip('/')}/**"])
        if match.metadata_list:
            self._systems.delete([entry.path for entry in match.metadata_list])


def file_system(path: str) -> FileSystem:
    """The file system of a path.

    Raises:
        UsageError: for a scheme that nothing here knows.
    """
    if not is_remote(path):
        return _Local()
    scheme = path.partition("://")[0]
    if scheme in _TENSORFLOW_SCHEMES:
        return _TensorFlow()
    try:
        system = _Beam()
    except ImportError as error:
        raise UsageError(
            f"out: {path!r} needs Beam's file systems, which are not installed; "
            "pip install 'saddlepoint[batch]', or pass a local or gs:// path."
        ) from error
    try:
        system._systems.get_filesystem(path)
    except ValueError as error:
        raise UsageError(
            f"out: {path!r}: Beam knows no file system {scheme!r}; install Beam's extra for it, "
            "such as apache-beam[aws], or pass a local or gs:// path."
        ) from error
    return system


def is_remote(path: str) -> bool:
    """Whether a path names its scheme."""
    return "://" in path


def absolute(path: str) -> str:
    """A path that means the same in any working folder."""
    return path if is_remote(path) else os.path.abspath(path)


def read_json(path: str) -> dict[str, Any] | None:
    """Returns the JSON object in a file, or None without a file.

    Raises:
        UsageError: the file holds something else.
    """
    system = file_system(path)
    if not system.exists(path):
        return None
    try:
        content = json.loads(system.read(path))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise UsageError(f"out: {path!r} is no record of a run; pass a new folder.")
    return content


def write_json(path: str, content: dict[str, Any], scratch: str) -> None:
    """Publishes `content` under `path`, written to the local folder `scratch` first."""
    write_text(path, json.dumps(content, indent=1) + "\n", scratch)


def write_text(path: str, text: str, scratch: str) -> None:
    """Publishes `text` under `path`, written to the local folder `scratch` first."""
    local = os.path.join(scratch, f"temporary-{uuid.uuid4().hex}")
    with open(local, "w", encoding="utf-8") as file:
        file.write(text)
    file_system(path).publish(local, path)


def sha256(system: FileSystem, paths: list[str]) -> str | None:
    """SHA-256 over the contents of files in their order; None where one is missing."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            if isinstance(system, _Local):
                with open(path, "rb") as file:
                    while block := file.read(_BLOCK):
                        digest.update(block)
            elif system.exists(path):
                digest.update(system.read(path))
            else:
                return None
        except FileNotFoundError:
            return None
    return digest.hexdigest()


def files_below(path: str) -> Iterator[str]:
    """Paths of all files below a folder, relative to it."""
    system = file_system(path)
    pending = [""]
    while pending:
        folder = pending.pop()
        for name in system.names(os.path.join(path, folder) if folder else path):
            below = os.path.join(folder, name)
            if system.is_folder(os.path.join(path, below)):
                pending.append(below)
            else:
                yield below


@contextmanager
def writing(out: str) -> Iterator[None]:
    """Turns what a full disk, a permission or a store raises into a sentence."""
    try:
        yield
    except (tf.errors.OpError, OSError) as error:
        raise ServingError(f"out: {out!r} cannot be written: {error}") from error
