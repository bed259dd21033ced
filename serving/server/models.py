"""A served model: which of its versions are loaded, and the switch from one to the next."""

import enum
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import tensorflow as tf

from serving.server.background import call
from serving.server.model_config import ModelConfig
from serving.server.runtime import RuntimeOptions, SavedModelRuntime
from serving.server.status import Code, StatusError
from serving.server.warmup import replay
from serving.versions import complete_versions, files_of, other_children, version_path

_log = logging.getLogger(__name__)

_MAX_NAMED = 20
_MAX_ENDED = 100  # versions that are gone and still reported


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


class Servable:
    """A loaded version of a model, which is unloaded once it is retired and nobody uses it.

    Attributes:
        name: the model's.
        version: its number.
        runtime: what runs it.
        users: how many hold it.
    """

    def __init__(
        self,
        name: str,
        version: int,
        runtime: SavedModelRuntime,
        unload: Callable[["Servable"], None],
    ) -> None:
        """Is used by nobody; `unload` is called once, by whoever was the last to use it."""
        self.name = name
        self.version = version
        self.runtime = runtime
        self._unload = unload
        self._lock = threading.Lock()  # of the two below
        self.users = 0
        self._retired = False

    def acquire(self) -> None:
        """Keeps it loaded until `release`; the caller must know that it is loaded now."""
        with self._lock:
            self.users += 1

    def release(self) -> None:
        """Undoes one `acquire`."""
        with self._lock:
            self.users -= 1
            last = self._retired and not self.users
        if last:
            self._unload(self)

    def retire(self) -> None:
        """Unloads it, or has the last user do so."""
        with self._lock:
            self._retired = True
            idle = not self.users
        if idle:
            self._unload(self)


def servable_not_found(name: str, version: int | None) -> StatusError:
    """Returns the NOT_FOUND that clients know for a model, or a version of it, not served."""
    wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
    return StatusError(Code.NOT_FOUND, f"Servable not found for request: {wanted}")


def with_models_here(error: StatusError, models: Mapping[str, "Model"]) -> StatusError:
    """Returns an error about a model that is none, with the names of those that there are."""
    names = sorted(name for name, model in list(models.items()) if not model.closed)
    shown = ", ".join(map(repr, names[:_MAX_NAMED])) + (", …" if len(names) > _MAX_NAMED else "")
    here = f"the model{'s' if len(names) > 1 else ''} {shown}" if names else "no model"
    return StatusError(error.code, f"{error.text}. This server has {here}.")


def load_version(
    export_dir: str,
    options: RuntimeOptions | None = None,
    warm_up: bool = True,
    *,
    background: bool = False,
) -> SavedModelRuntime:
    """Loads an export and replays its warm-up requests.

    Args:
        export_dir: a version's folder.
        options: of its session.
        warm_up: whether requests that it brings are replayed.
        background: whether requests of others come first meanwhile.

    Raises:
        StatusError: either of the two failed; nothing stays loaded.
    """
    runtime = SavedModelRuntime(export_dir, options, background=background)
    try:
        if warm_up:
            call(replay, runtime, export_dir, background=background)
    except StatusError:
        runtime.close()
        raise
    return runtime


class Model:
    """A base path some of whose versions answer; requests that name none get the newest.

    New versions are loaded before old ones are let go, and an old one is closed by the last
    request that uses it, so that no request fails because of a switch. A version that fails to
    load is tried again only after its files changed; until then the next older one counts.

    Any thread may lease and read; `refresh`, `reconfigure` and `close` are for one thread at a time
    (the registry holds its lock around them).

    Attributes:
        config: what is served of it.
        closed: whether nothing is served any more; its versions are still reported.
    """

    def __init__(
        self, config: ModelConfig, load: Callable[[str], SavedModelRuntime] = load_version
    ) -> None:
        """Takes the model's name, where its versions are, and which of them are wanted."""
        self.config = config
        self.closed = False
        self._load = load
        # Of the two below, and never held while a version loads: requests wait for it.
        self._lock = threading.Lock()
        self._serving: dict[int, Servable] = {}
        self._statuses: dict[int, VersionStatus] = {}
        self._failed: dict[int, tuple[tuple[str, int, int], ...]] = {}
        self._warned: set[str] = set()

    @property
    def name(self) -> str:
        """The name that requests ask for."""
        return self.config.name

    def refresh(self) -> None:
        """Looks at the base path once; loads what is wanted and missing, lets go what is not.

        While nothing that is wanted can be loaded, or the base path is gone, what is loaded stays.
        """
        if self.closed:
            return
        versions = complete_versions(self.config.base_path)
        self._warn_of_oddities(versions)
        self._failed = {v: stamp for v, stamp in self._failed.items() if v in versions}
        policy = self.config.policy
        kept: list[int] = []
        for version in policy.candidates(versions):
            if len(kept) == policy.limit:
                break
            if version in self._serving or self._try_load(version):
                kept.append(version)
        if kept:
            self._retire(set(self._serving) - set(kept))

    def reconfigure(self, config: ModelConfig) -> None:
        """Takes other labels, and another policy for the same base path for the next `refresh`."""
        self.config = config

    @property
    def lack(self) -> str:
        """Why there is nothing to load: a clause about the base path."""
        wanted, versions = self.config.policy.specific, complete_versions(self.config.base_path)
        if not versions or not wanted:
            return "its base path holds no version"
        missing, there = (", ".join(map(str, sorted(numbers))) for numbers in (wanted, versions))
        return f"version {missing} is asked for, and its base path holds {there}"

    @property
    def labels(self) -> Mapping[str, int]:
        """The versions that requests may ask for by a name."""
        return self.config.labels

    @contextmanager
    def lease(self, version: int | None = None) -> Iterator[Servable]:
        """Yields the wanted (or the current) version and keeps it loaded meanwhile.

        Raises:
            StatusError: NOT_FOUND when that version is not loaded.
        """
        with self._lock:  # so that it is not retired between the two steps
            wanted = max(self._serving, default=None) if version is None else version
            if wanted not in self._serving:
                raise servable_not_found(self.name, version)
            servable = self._serving[wanted]
            servable.acquire()
        try:
            yield servable
        finally:
            servable.release()

    def statuses(self) -> list[VersionStatus]:
        """Returns the status of every version seen so far, the newest first."""
        with self._lock:
            return [self._statuses[version] for version in sorted(self._statuses, reverse=True)]

    @property
    def available(self) -> list[int]:
        """The versions that answer, in increasing order."""
        return sorted(self._serving)

    def close(self) -> None:
        """Lets every version go for good; the requests under way still finish."""
        self.closed = True
        self.config = replace(self.config, labels={})
        self._retire(set(self._serving))

    def _retire(self, versions: set[int]) -> None:
        with self._lock:
            retired = [self._serving.pop(version) for version in versions]
            for servable in retired:
                self._set_status(VersionStatus(servable.version, State.UNLOADING))
        for servable in retired:
            servable.retire()

    def _unload(self, servable: Servable) -> None:
        servable.runtime.close()
        with self._lock:
            known = self._statuses[servable.version]
            if known.state == State.UNLOADING:  # it may have been loaded again meanwhile
                self._set_status(VersionStatus(servable.version, State.END))
        _log.info("version %d of model %s is unloaded", servable.version, self.name)

    def _try_load(self, version: int) -> bool:
        path = version_path(self.config.base_path, version)
        stamp = _stamp(path)
        if self._failed.get(version) == stamp:
            return False
        with self._lock:
            self._set_status(VersionStatus(version, State.LOADING))
        try:
            runtime = self._load(path)
        except StatusError as error:
            self._failed[version] = stamp
            with self._lock:
                self._set_status(VersionStatus(version, State.END, error.code, error.text))
            _log.error("version %d of model %s failed to load: %s", version, self.name, error)
            return False
        self._failed.pop(version, None)
        with self._lock:
            self._serving[version] = Servable(self.name, version, runtime, self._unload)
            self._set_status(VersionStatus(version, State.AVAILABLE))
        _log.info("version %d of model %s is loaded", version, self.name)
        return True

    def _warn_of_oddities(self, versions: list[int]) -> None:
        """Warns once of each child that is no version, and of a base path without any."""
        odd = {f"{name!r} is no version number" for name in other_children(self.config.base_path)}
        if not versions:
            odd.add("there is no complete version")
        odd |= {
            f"there is no complete version {version}, which is asked for"
            for version in set(self.config.policy.specific) - set(versions)
        }
        for text in odd - self._warned:
            _log.warning("model %s: in %s %s", self.name, self.config.base_path, text)
        self._warned = odd

    def _set_status(self, status: VersionStatus) -> None:
        self._statuses[status.version] = status
        ended = [v for v, known in self._statuses.items() if known.state == State.END]
        if len(ended) > _MAX_ENDED:
            del self._statuses[min(ended)]


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
