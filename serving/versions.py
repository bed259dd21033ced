"""The versions of a model: integer children of its base path.

A store that cannot be asked (a missing permission, say) raises an OSError.
"""

import hashlib
import os

from serving.errors import UsageError
from serving.files import file_system, files_below, is_remote

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
        if version is not None and is_version(os.path.join(base_path, name)):
            found.add(version)
    return sorted(found)


def require_versions(base_path: str) -> list[int]:
    """Returns `complete_versions`, at least one.

    Raises:
        UsageError: the folder is missing or holds no complete version.
    """
    if not file_system(base_path).is_folder(base_path):
        raise UsageError(
            f"model directory: {base_path!r} does not exist; "
            "pass the folder that holds the numbered exports."
        )
    if is_version(base_path):
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


def require_local_versions(base_path: str) -> None:
    """As `require_versions`, and nothing for an object store: without TensorFlow, so at once.

    Raises:
        UsageError: the folder is missing or holds no complete version.
    """
    if not is_remote(base_path):
        require_versions(base_path)


def is_version(folder: str) -> bool:
    """Whether a folder is an export itself, whole."""
    path = os.path.join(folder, MARKER)
    return file_system(path).exists(path)


def other_children(base_path: str) -> list[str]:
    """Returns the names in `base_path` that are no version numbers; hidden ones do not count."""
    return [n for n in _children(base_path) if _as_version(n) is None and not n.startswith(".")]


def files_of(folder: str) -> list[str]:
    """Returns the paths of all files below `folder`, relative to it and sorted."""
    return sorted(files_below(folder))


def fingerprint(export_dir: str) -> str:
    """Returns the SHA-256 over the names and contents of an export's files, as hex digits."""
    digest, system = hashlib.sha256(), file_system(export_dir)
    for name in files_of(export_dir):
        content = hashlib.sha256(system.read(os.path.join(export_dir, name))).hexdigest()
        digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()


def _children(base_path: str) -> list[str]:
    return file_system(base_path).names(base_path)


def _as_version(name: str) -> int | None:
    if not (name.isascii() and name.isdigit() and len(name) <= _MAX_DIGITS):
        return None
    return int(name) if int(name) <= _MAX_VERSION else None
