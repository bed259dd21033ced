"""Files on local disks and object stores: whole or absent.

Local paths go through the operating system; `gs://` and `ram://` through TensorFlow, which is there
anyway; every other scheme through fsspec and the package that it names for it.
"""

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from serving.errors import UsageError

_TENSORFLOW_SCHEMES = frozenset({"gs", "ram"})
_BLOCK = 1 << 20
_ATTEMPTS = 10


class FileSystem(Protocol):
    """What is needed of a place. What cannot be done raises an OSError."""

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder."""

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder."""

    def names(self, path: str) -> list[str]:
        """The sorted names in a folder; none where there is no folder."""

    def read(self, path: str) -> bytes:
        """The content of a file."""

    def write(self, path: str, content: bytes) -> None:
        """Puts a file there, which shows nothing or all of it."""

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

    def write(self, path: str, content: bytes) -> None:
        descriptor, temporary = tempfile.mkstemp(
            dir=os.path.dirname(path), prefix=".", suffix=".part"
        )
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.remove(temporary)
            raise

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
    """Object stores that TensorFlow reaches: an object is there once it is closed.

    What TensorFlow answers with "no" whatever the store said (`isdir`, and `listdir` by it) is not
    believed: under a missing permission a folder would be empty.
    """

    def __init__(self) -> None:
        import tensorflow as tf

        self._files: Any = tf.io.gfile
        self._errors: Any = tf.errors

    def exists(self, path: str) -> bool:
        with self._os_errors(path):
            return bool(self._files.exists(path))

    def is_folder(self, path: str) -> bool:
        try:
            with self._os_errors(path):
                return bool(self._files.stat(path).is_directory)
        except FileNotFoundError:
            return False

    def names(self, path: str) -> list[str]:
        try:
            return self._listed(path)
        except FileNotFoundError:
            return self._listed(path) if self.is_folder(path) else []

    def _listed(self, path: str) -> list[str]:
        with self._os_errors(path):
            return sorted(name.rstrip("/") for name in self._files.listdir(path))

    def read(self, path: str) -> bytes:
        with self._os_errors(path), self._files.GFile(path, "rb") as file:
            return bytes(file.read())

    def write(self, path: str, content: bytes) -> None:
        with self._os_errors(path), self._files.GFile(path, "wb") as file:
            file.write(content)

    def make_folder(self, path: str) -> None:
        # TensorFlow's `makedirs` asks for the bucket itself, which takes a permission of its own,
        # and goes on asking for ever where there is none.
        missing: list[str] = []
        bucket = "/".join(path.split("/", 3)[:3])
        with self._os_errors(path):
            while path.rstrip("/") != bucket and not self._files.exists(path):
                missing.append(path)
                path = os.path.dirname(path)
            for folder in reversed(missing):
                with suppress(self._errors.AlreadyExistsError):
                    self._files.mkdir(folder)

    def publish(self, local: str, path: str) -> None:
        with self._os_errors(path):
            self._files.copy(local, path, overwrite=True)
        os.remove(local)

    def remove(self, path: str) -> None:
        with self._os_errors(path):
            self._files.remove(path)

    def remove_tree(self, path: str) -> None:
        # Of a busy store TensorFlow may say that something is not found, and leave some of it.
        for _ in range(_ATTEMPTS):
            if not self.is_folder(path):
                return
            with suppress(FileNotFoundError), self._os_errors(path):
                self._files.rmtree(path)
        raise OSError(errno.EIO, "it could not be removed whole", path)

    @contextmanager
    def _os_errors(self, path: str) -> Iterator[None]:
        denied = (self._errors.PermissionDeniedError, self._errors.UnauthenticatedError)
        try:
            yield
        except self._errors.NotFoundError as error:
            raise FileNotFoundError(errno.ENOENT, reason(error.message), path) from error
        except denied as error:
            raise PermissionError(errno.EACCES, reason(error.message), path) from error
        except self._errors.OpError as error:
            raise OSError(errno.EIO, reason(error.message), path) from error


def reason(text: str) -> str:
    """What a store said in the text of TensorFlow's error; without such an answer the text."""
    answer = re.search(r"HTTP response code (\d+) with body '(\{.*\})'", text, re.DOTALL)
    try:
        return f"HTTP {answer[1]}: {json.loads(answer[2])['error']['message']}" if answer else text
    except (ValueError, LookupError, TypeError):
        return text


class _Fsspec:
    """Object stores that fsspec reaches: an object is there once it is closed."""

    def __init__(self, system: Any) -> None:
        self._system = system

    def exists(self, path: str) -> bool:
        with _os_errors_of_package(path):
            return bool(self._system.exists(path))

    def is_folder(self, path: str) -> bool:
        with _os_errors_of_package(path):
            return bool(self._system.isdir(path))

    def names(self, path: str) -> list[str]:
        with _os_errors_of_package(path):
            # What it has listed before it would otherwise not look at again.
            self._system.invalidate_cache()
            if not self._system.isdir(path):
                return []
            found = self._system.ls(path, detail=False)
        return sorted(name.rstrip("/").rpartition("/")[2] for name in found)

    def read(self, path: str) -> bytes:
        with _os_errors_of_package(path):
            return bytes(self._system.cat_file(path))

    def write(self, path: str, content: bytes) -> None:
        with _os_errors_of_package(path):
            self._system.pipe_file(path, content)

    def make_folder(self, path: str) -> None:
        with _os_errors_of_package(path):
            # Where paths begin with a bucket, `makedirs` would make that, too, misspelt or not.
            bucket = "/".join(path.split("/", 3)[:3])
            if not self._system.root_marker and not self._system.exists(bucket):
                raise FileNotFoundError(errno.ENOENT, "no such bucket is seen", bucket)
            self._system.makedirs(path, exist_ok=True)

    def publish(self, local: str, path: str) -> None:
        with _os_errors_of_package(path):
            self._system.put_file(local, path)
        os.remove(local)

    def remove(self, path: str) -> None:
        with _os_errors_of_package(path):
            self._system.rm_file(path)

    def remove_tree(self, path: str) -> None:
        if self.is_folder(path):
            with _os_errors_of_package(path):
                self._system.rm(path, recursive=True)


@contextmanager
def _os_errors_of_package(path: str) -> Iterator[None]:
    """A store's package has errors of its own, as where it finds no credentials."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(errno.EIO, str(error), path) from error


def file_system(path: str) -> FileSystem:
    """The file system of a path.

    Raises:
        UsageError: for a scheme that nothing here knows.
    """
    if not is_remote(path):
        return _Local()
    if of_tensorflow(path):
        return _TensorFlow()
    scheme = path.partition("://")[0]
    try:
        import fsspec

        return _Fsspec(fsspec.filesystem(scheme))
    except (ValueError, ImportError) as error:
        raise UsageError(
            f"{path!r} cannot be used ({error}); pass a local or gs:// path, or install what "
            f"fsspec needs for {scheme}://."
        ) from error


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Whether a path names its scheme, such as gs://bucket/folder."""
    return "://" in os.fspath(path)


def of_tensorflow(path: str) -> bool:
    """Whether a path is on an object store that TensorFlow reaches itself."""
    return path.partition("://")[0] in _TENSORFLOW_SCHEMES


def absolute(path: str) -> str:
    """A path that means the same in any working folder."""
    return path if is_remote(path) else os.path.abspath(path)


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
