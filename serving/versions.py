"""The versions of a model: integer children of its base path."""

import hashlib
import os

import tensorflow as tf

from serving.errors import UsageError

MARKER = "saved_model.pb"

_MAX_VERSION = 2**63 - 1
_MAX_DIGITS = 100  # leading zeros are digits too


def version_path(base_path: str, version: int) -> str:
    """Returns the folder of `version`; its name may carry leading zeros."""
    for name in _children(base_path):
        if _as_version(name) == version:
            return os.path.join(base_path, name)
    return os.path.join(base_path, str(version))


def complete_versions(base_path: str) -> list[int]:
    """Returns the versions that are whole, in increasing order.

    A version is whole once it has its `saved_model.pb`: writers put that file there last or
    rename the folder into place. A base path that does not exist has no versions.
    """
    found = set()
    for name in _children(base_path):
        version = _as_version(name)
        if version is not None and tf.io.gfile.exists(os.path.join(base_path, name, MARKER)):
            found.add(version)
    return sorted(found)


def require_versions(base_path: str) -> list[int]:
    """Returns `complete_versions`, at least one.

    Raises:
        UsageError: the folder is missing or holds no complete version.
    """
    if not tf.io.gfile.isdir(base_path):
        raise UsageError(
            f"model directory: {base_path!r} does not exist; "
            "pass the folder that holds the numbered exports."
        )
    if tf.io.gfile.exists(os.path.join(base_path, MARKER)):
        raise UsageError(
            f"model directory: {base_path!r} is itself one version; "
            f"pass its parent, {os.path.dirname(os.path.abspath(base_path))!r}."
        )
    versions = complete_versions(base_path)
    if not versions:
        raise UsageError(
            f"model directory: {base_path!r} holds no export; expected a folder named by an "
            f"integer, such as {os.path.join(base_path, '1')!r}, with a {MARKER} inside."
        )
    return versions


def other_children(base_path: str) -> list[str]:
    """Returns the names in `base_path` that are no version numbers; hidden ones do not count."""
    return [n for n in _children(base_path) if _as_version(n) is None and not n.startswith(".")]


def files_of(folder: str) -> list[str]:
    """Returns the paths of all files below `folder`, relative to it and sorted."""
    found = []
    for parent, _, names in tf.io.gfile.walk(folder):
        found += [os.path.relpath(os.path.join(parent, name), folder) for name in names]
    return sorted(found)


def fingerprint(export_dir: str) -> str:
    """Returns the SHA-256 over the names and contents of an export's files, as hex digits."""
    digest = hashlib.sha256()
    for name in files_of(export_dir):
        with tf.io.gfile.GFile(os.path.join(export_dir, name), "rb") as file:
            content = hashlib.sha256(file.read()).hexdigest()
        digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()


def _children(base_path: str) -> list[str]:
    if not tf.io.gfile.isdir(base_path):
        return []
    return sorted(name.rstrip("/") for name in tf.io.gfile.listdir(base_path))


def _as_version(name: str) -> int | None:
    if not (name.isascii() and name.isdigit() and len(name) <= _MAX_DIGITS):
        return None
    return int(name) if int(name) <= _MAX_VERSION else None
