"""A served model: which of its versions are loaded, and the switch from one to the next."""

import enum
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import tensorflow as tf

from serving.server.runtime import SavedModelRuntime
from serving.server.status import Code, StatusError
from serving.server.warmup import replay
from serving.versions import complete_versions, files_of, version_path

_log = logging.getLogger(__name__)


class State(enum.IntEnum):
    """The life of a version, with the numbers of the ModelService interface."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class VersionStatus:
    """Where a version is in its life, and why if it failed."""

    version: int
    state: State
    error_code: Code = Code.OK
    error_message: str = ""


@dataclass
class Servable:
    """A loaded version of a model and the number of requests that are using it."""

    name: str
    version: int
    runtime: SavedModelRuntime
    users: int = 0
    retired: bool = False


def servable_not_found(name: str, version: int | None) -> StatusError:
    """Returns the NOT_FOUND that clients know for a model, or a version of it, not served."""
    wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
    return StatusError(Code.NOT_FOUND, f"Servable not found for request: {wanted}")


def load_version(export_dir: str) -> SavedModelRuntime:
    """Loads an export and replays its warm-up requests.

    Raises:
        StatusError: either of the two failed; nothing stays loaded.
    """
    runtime = SavedModelRuntime(export_dir)
    try:
        replay(runtime, export_dir)
    except StatusError:
        runtime.close()
        raise
    return runtime


class Model:
    """A base path whose newest loadable version answers.

    A new version is loaded before the old one is let go, and the old one is closed by the last
    request that uses it, so that no request fails because of a switch. A version that fails to
    load is tried again only after its files changed.
    """

    def __init__(
        self,
        name: str,
        base_path: str,
        labels: Mapping[str, int] | None = None,
        load: Callable[[str], SavedModelRuntime] = load_version,
    ) -> None:
        """Takes the model's name, where its versions are, and names for some of them."""
        self.name = name
        self.labels = dict(labels or {})
        self._base_path = base_path
        self._load = load
        self._lock = threading.Lock()
        self._current: Servable | None = None
        self._statuses: dict[int, VersionStatus] = {}
        self._failed: dict[int, tuple[tuple[str, int, int], ...]] = {}

    def refresh(self) -> None:
        """Looks at the base path once and switches to its newest loadable version.

        While the base path is empty or holds nothing loadable, the version that is loaded stays.
        Only one thread may call this.
        """
        for version in reversed(complete_versions(self._base_path)):
            if self._current is not None and version == self._current.version:
                return
            runtime = self._try_load(version)
            if runtime is not None:
                self._switch(Servable(self.name, version, runtime))
                return

    @contextmanager
    def lease(self, version: int | None = None) -> Iterator[Servable]:
        """Yields the wanted (or the current) version and keeps it loaded meanwhile.

        Raises:
            StatusError: NOT_FOUND when that version is not loaded.
        """
        servable = self._acquire(version)
        try:
            yield servable
        finally:
            self._release(servable)

    def statuses(self) -> list[VersionStatus]:
        """Returns the status of every version seen so far, in increasing order."""
        with self._lock:
            return [self._statuses[version] for version in sorted(self._statuses)]

    @property
    def available(self) -> bool:
        """Whether any version answers."""
        return self._current is not None

    def close(self) -> None:
        """Lets the current version go; the requests under way still finish."""
        self._switch(None)

    def _acquire(self, version: int | None) -> Servable:
        with self._lock:
            current = self._current
            if current is None or version not in (None, current.version):
                raise servable_not_found(self.name, version)
            current.users += 1
            return current

    def _release(self, servable: Servable) -> None:
        with self._lock:
            servable.users -= 1
            last = servable.retired and servable.users == 0
        if last:
            self._unload(servable)

    def _switch(self, successor: Servable | None) -> None:
        with self._lock:
            previous, self._current = self._current, successor
            if successor is not None:
                self._set_status(VersionStatus(successor.version, State.AVAILABLE))
            if previous is not None:
                previous.retired = True
                self._set_status(VersionStatus(previous.version, State.UNLOADING))
            idle = previous is not None and previous.users == 0
        if previous is not None and idle:
            self._unload(previous)

    def _unload(self, servable: Servable) -> None:
        servable.runtime.close()
        with self._lock:
            known = self._statuses[servable.version]
            if known.state == State.UNLOADING:  # it may have been loaded again meanwhile
                self._set_status(VersionStatus(servable.version, State.END))

    def _try_load(self, version: int) -> SavedModelRuntime | None:
        path = version_path(self._base_path, version)
        stamp = _stamp(path)
        if self._failed.get(version) == stamp:
            return None
        with self._lock:
            self._set_status(VersionStatus(version, State.LOADING))
        try:
            runtime = self._load(path)
        except StatusError as error:
            self._failed[version] = stamp
            with self._lock:
                self._set_status(VersionStatus(version, State.END, error.code, error.text))
            _log.error("version %d of model %s failed to load: %s", version, self.name, error)
            return None
        self._failed.pop(version, None)
        _log.info("version %d of model %s is loaded", version, self.name)
        return runtime

    def _set_status(self, status: VersionStatus) -> None:
        self._statuses[status.version] = status


def _stamp(export_dir: str) -> tuple[tuple[str, int, int], ...]:
    """Returns something that changes when a file below `export_dir` does."""
    stamp = []
    for name in files_of(export_dir):
        try:
            stat = tf.io.gfile.stat(os.path.join(export_dir, name))
        except tf.errors.NotFoundError:  # it went away between the two calls
            continue
        stamp.append((name, stat.length, stat.mtime_nsec))
    return tuple(stamp)
