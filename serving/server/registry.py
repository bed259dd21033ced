"""All models of an endpoint: their configuration, its reload, and the watch over their versions."""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import tensorflow as tf

from serving.server.model_config import ModelConfig
from serving.server.models import Model, load_version
from serving.server.runtime import SavedModelRuntime
from serving.server.status import Code, StatusError

_log = logging.getLogger(__name__)

_MAX_WITHDRAWN = 100  # models that are gone and still reported


class Fault(NamedTuple):
    """Why a model, or a version of it, does not answer."""

    model: str
    version: int | None
    reason: str

    @property
    def where(self) -> str:
        """What does not answer, in words."""
        version = "" if self.version is None else f" version {self.version}"
        return f"{self.model}{version}"

    def __str__(self) -> str:
        """Returns it in TF Serving's form."""
        version = "" if self.version is None else f" version: {self.version}"
        return f"{{name: {self.model}{version}}} due to error: {self.reason}"


class NotServed(StatusError):  # noqa: N818 - a status of its own
    """Models that were asked for do not answer; the others do.

    Attributes:
        faults: why.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Words the faults as TF Serving does."""
        text = "".join(f"{{{fault}}}, " for fault in faults)
        text = f"{len(faults)} model(s) did not become available: {{{text}}}"
        super().__init__(Code.UNKNOWN, text)
        self.faults = faults


class Registry:
    """The models by name.

    Attributes:
        models: what is served now; changes in place while requests come in.
    """

    def __init__(
        self,
        roots: Iterable[str],
        load: Callable[..., SavedModelRuntime] = load_version,
        *,
        labels_for_unavailable: bool = False,
    ) -> None:
        """Serves nothing yet.

        Args:
            roots: folders from which `reload` may load, besides what `apply` has named.
            load: loads an export, as `load_version` does.
            labels_for_unavailable: whether a new label may name a version that is not served.
        """
        self.models: dict[str, Model] = {}
        self._roots = {_normal(root) for root in roots}
        self._load = load
        self._labels_for_unavailable = labels_for_unavailable
        self._configured = False
        self._started = False  # whether the first configuration was carried out
        self._troubles: dict[str, str] = {}
        # One change at a time: a client's reload, the watches and the end come in threads of their
        # own. Held while versions load, so no request takes it.
        self._lock = threading.Lock()

    def reload(self, configs: Sequence[ModelConfig]) -> None:
        """Does as `apply` on a client's word: only base paths that are known are loaded from.

        Raises:
            StatusError: a base path is not allowed (nothing has changed then), or as for `apply`.
        """
        for config in configs:
            self._check_root(config)
        self.apply(configs)

    def apply(self, configs: Sequence[ModelConfig]) -> None:
        """Serves exactly the models of `configs`; returns once they answer.

        A model that cannot be loaded from a new base path leaves the one of that name in place.
        Labels come into force before versions come and go. The first time they may name versions
        that are yet to be loaded; later on only such as are served already.

        Raises:
            StatusError: a label's version is not served (then nothing has changed, except the
                first time), or a model did not become available; the others are served.
        """
        with self._lock:
            first, self._configured = not self._configured, True
            if not first:
                self._check_labels(configs)
            self._roots |= {_normal(config.base_path) for config in configs}
            faults = [fault for config in configs for fault in self._serve(config)]
            self._started = True
            for name in set(self.models) - {config.name for config in configs}:
                self._withdraw(name)
            if faults:
                raise NotServed(faults)
            if first:
                self._check_labels(configs)

    def refresh(self) -> None:
        """Looks once for new and gone versions of every model."""
        with self._lock:
            for model in self.models.values():
                trouble = ""
                try:
                    model.refresh()
                except Exception as error:  # the watch goes on: it may be over in a moment
                    trouble = f"{type(error).__name__}: {error}"
                    if trouble != self._troubles.get(model.name):  # once, not every second
                        of_system = isinstance(error, OSError | tf.errors.OpError)
                        text = "looking for versions in %s failed: %s"
                        path = model.config.base_path
                        _log.error(text, path, error, exc_info=not of_system)
                self._troubles[model.name] = trouble

    def close(self) -> None:
        """Lets every model go; the requests under way still finish."""
        with self._lock:
            while self.models:
                self.models.popitem()[1].close()

    def _serve(self, config: ModelConfig) -> list[Fault]:
        """Loads or reconfigures one model; returns what keeps it from answering as configured."""
        present = self.models.get(config.name)
        if present is not None and not present.closed and _same_path(present.config, config):
            present.reconfigure(config)
            present.refresh()
            return _faults(present)
        successor = Model(config, self._load_beside_others)
        successor.refresh()
        faults = _faults(successor)
        if present is None or present.closed or not faults:
            self.models[config.name] = successor
            if present is not None:
                present.close()
        return faults

    def _load_beside_others(self, export_dir: str) -> SavedModelRuntime:
        """Loads an export; once others are served, requests for those come first."""
        serves = self._started and any(model.available for model in self.models.values())
        return self._load(export_dir, background=serves)

    def _withdraw(self, name: str) -> None:
        """Lets a model go; for a while clients may still ask what became of its versions."""
        self.models[name].close()
        withdrawn = [name for name, model in self.models.items() if model.closed]
        for name in withdrawn[:-_MAX_WITHDRAWN]:
            del self.models[name]

    def _check_labels(self, configs: Sequence[ModelConfig]) -> None:
        """Refuses labels of versions that are not served; with leave, only those that moved there.

        Raises:
            StatusError: FAILED_PRECONDITION.
        """
        for config in configs:
            present = self.models.get(config.name)
            labels = present.labels if present is not None else {}
            served = present.available if present is not None else []
            for label, version in config.labels.items():
                moved = labels.get(label, version) != version
                if version not in served and (moved or not self._labels_for_unavailable):
                    raise StatusError(
                        Code.FAILED_PRECONDITION,
                        f"Request to assign label to version {version} of model {config.name}, "
                        "which is not currently available for inference",
                    )

    def _check_root(self, config: ModelConfig) -> None:
        path = _normal(config.base_path)
        if not any(path == root or path.startswith(root.rstrip("/") + "/") for root in self._roots):
            raise StatusError(
                Code.PERMISSION_DENIED,
                f"The base path {config.base_path} of model {config.name} was not configured when "
                "this server started; list it or a folder above it in --allowed_base_paths.",
            )


class Watch:
    """A thread that does something every few seconds until it is stopped."""

    def __init__(self, name: str, seconds: float, act: Callable[[], None]) -> None:
        """Prepares the thread; `seconds` of 0 or less means never."""
        self._seconds = seconds
        self._act = act
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begins; the first act comes after one interval."""
        if self._seconds > 0:
            self._thread.start()

    def forbid(self) -> None:
        """From now on no act begins."""
        self._stopping.set()

    def stop(self) -> None:
        """Returns once no act is under way and none will come."""
        self.forbid()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        last_error = ""
        while not self._stopping.wait(self._seconds):
            try:
                self._act()
            except Exception as error:  # the next round may do better
                if str(error) != last_error:
                    _log.error("%s: %s", self._thread.name, error)
                last_error = str(error)
            else:
                last_error = ""


def _normal(path: str) -> str:
    """Returns a path without links and dots; on an object store `..` means nothing."""
    return path.rstrip("/") if "://" in path else os.path.realpath(path)


def _same_path(one: ModelConfig, other: ModelConfig) -> bool:
    return one.base_path == other.base_path


def _faults(model: Model) -> list[Fault]:
    """Returns why no version of a model answers; nothing when one does."""
    if model.available:
        return []
    failed = [
        Fault(model.name, status.version, f"{status.error_code.name}: {status.error_message}")
        for status in model.statuses()
        if status.error_code
    ]
    return failed or [Fault(model.name, None, model.lack)]
