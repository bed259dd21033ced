"""The run directory: what a run writes, where, and whose run it is."""

import contextlib
import errno
import io
import json
import logging
import os
import platform
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tensorflow as tf

from serving import lock
from trainer.config.experiment import Experiment
from trainer.config.places import no_run, require_reachable
from trainer.config.recipe import make_experiment, parse_yaml, to_yaml
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.files import (
    expanded,
    file_system,
    is_remote,
    join,
    json_rows,
    read_text,
    reason_of,
    write_atomically,
)
from trainer.run import advice

FORMAT_VERSION = "2"
_GROWING = ("metrics.jsonl", "evaluations.jsonl", "environment.jsonl", "log.txt")

logger = logging.getLogger("saddlepoint")


class RunDirectory:
    """A folder with the contract's layout, on a disk or on an object store.

    Growing logs are appended to local files (`self.spool`, the folder itself when it is local) and
    uploaded by `sync`; everything else is written in place, whole.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = expanded(path)
        require_reachable("--run-dir", self.path)
        self.system = file_system(self.path)
        self.checkpoints = join(self.path, "checkpoints")
        self.logs = join(self.path, "logs")

    @cached_property
    def spool(self) -> str:
        """The local folder of the growing logs."""
        return tempfile.mkdtemp(prefix="saddlepoint-") if is_remote(self.path) else self.path

    # ---- Whose run this is -------------------------------------------------------------------

    @property
    def exists(self) -> bool:
        """Whether the folder holds a run."""
        return self.system.exists(join(self.path, "config.yaml"))

    def read_experiment(self) -> Experiment:
        """The experiment of the run.

        Raises:
            ConfigError: when the folder holds none.
        """
        if not self.exists:
            raise no_run(self.path)
        self._check_format()
        try:
            values = parse_yaml(self._read("config.yaml"), origin="config.yaml")
            if not values:
                raise ConfigError("it is empty")
            return make_experiment(values)
        except (ConfigError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"{join(self.path, 'config.yaml')}: it is damaged ({error}); put back what the run "
                "wrote there."
            ) from error

    def read_spec(self) -> DataSpec:
        """What was known of the data when the run began.

        Raises:
            ConfigError: when it cannot be read.
        """
        try:
            return DataSpec.of(json.loads(self._read("data.json")))
        except (FileNotFoundError, LookupError, ValueError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"{join(self.path, 'data.json')}: it is damaged ({error}); put back what the run "
                "wrote there."
            ) from error

    def check(self, experiment: Experiment) -> None:
        """Refuses a folder that this experiment may not train in; changes nothing.

        Raises:
            ConfigError: when the folder holds another run or something else, or cannot be one.
        """
        try:
            if self.exists:
                self._check_same(experiment)
            elif self.system.exists(self.path) and self._is_foreign():
                raise ConfigError(
                    f"--run-dir: {self.path!r} is not empty and holds no run; give a new directory."
                )
            self._require_bucket()
        except OSError as error:
            _raise_where_the_store_failed(error)
            raise ConfigError(
                f"--run-dir: {self.path!r} cannot be used ({reason_of(error)}); give a directory."
            ) from error

    def _require_bucket(self) -> None:
        if not self.path.startswith("gs://"):
            return
        bucket = "/".join(self.path.split("/", 3)[:3])
        # To ask for a bucket takes a permission that is not needed to write to it.
        with contextlib.suppress(PermissionError):
            if not self.system.exists(bucket):
                raise ConfigError(
                    f"--run-dir: there is no bucket {bucket!r} for {self.path!r}; make it, or give "
                    "another directory."
                )

    def require(self, experiment: Experiment) -> None:
        """Checks that the folder holds this run, as it must for every worker once it has begun.

        Raises:
            ConfigError: when it does not.
        """
        if not self.exists:
            raise ConfigError(
                f"--run-dir: {self.path!r} does not show the run that has begun there; give a "
                "directory that all workers see, on a shared disk or an object store."
            )
        self._check_same(experiment)

    def claim(self, experiment: Experiment, spec: DataSpec) -> None:
        """Begins a run here, or goes on with the one here.

        Raises:
            ConfigError: as `check`, or when the data is not what it was.
        """
        self.check(experiment)
        if self.exists and self.read_spec() != spec:
            anew = advice.begin_anew(self.path, warm=self._has_checkpoint())
            raise ConfigError(
                f"data.source: the data has changed since this run began ({self.path!r}); give the "
                "same data, or begin another run on what is there now, from this one's weights "
                f"(train.warm_start):\n  {anew}"
            )
        try:
            # The first file marks the folder as ours, the last one makes it a run.
            self.system.make_folder(self.path)
            self.write("format_version", FORMAT_VERSION.encode())
            self.system.make_folder(join(self.path, "samples"))
            self.write("data.json", json.dumps(spec.describe(), indent=1).encode())
            self.write("config.yaml", to_yaml(experiment).encode())
        except OSError as error:
            _raise_where_the_store_failed(error)
            raise ConfigError(
                f"--run-dir: {self.path!r} cannot be written ({reason_of(error)}); give a "
                "directory that can."
            ) from error

    def _has_checkpoint(self) -> bool:
        return self.system.exists(join(self.checkpoints, "checkpoint"))

    def _is_foreign(self) -> bool:
        """Whether the folder holds anything but what a start cut short may leave."""
        if not self.system.is_folder(self.path):
            return True
        names = set(self.system.names(self.path))
        leftovers = {name for name in names if name.startswith(".") and name.endswith(".part")}
        return bool(names - leftovers - {"lock"}) and "format_version" not in names

    def _check_format(self) -> None:
        found = self._read("format_version").strip()
        if found != FORMAT_VERSION:
            raise ConfigError(
                f"{join(self.path, 'format_version')}: received {found!r}; this Saddlepoint reads "
                f"format {FORMAT_VERSION}. Use the one that wrote the run."
            )

    def _check_same(self, experiment: Experiment) -> None:
        found = self.read_experiment()
        if found.hash != experiment.hash:
            field, was, now = found.first_difference(experiment)
            raise ConfigError(
                f"--run-dir: {self.path!r} holds another run ({field} is {json.dumps(was)} "
                f"there and {json.dumps(now)} here); give another directory, or the settings of "
                "that run."
            )
        if experiment.train.epochs is None and experiment.train.steps < found.train.steps:
            raise ConfigError(
                f"train.steps: received {experiment.train.steps}, but this run was planned for "
                f"{found.train.steps}; on resume it may only grow."
            )

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the run for this process; the lock goes with the process, however it ends.

        Raises:
            ConfigError: when another process is training here.
        """
        if is_remote(self.path):
            yield
            return
        with contextlib.ExitStack() as stack:
            try:
                os.makedirs(self.path, exist_ok=True)
                stack.enter_context(lock.held(join(self.path, "lock")))
            except OSError as error:
                raise ConfigError(
                    f"--run-dir: {self.path!r} cannot be written ({error.strerror}); give a "
                    "directory that can."
                ) from error
            except lock.HeldError as error:
                raise ConfigError(
                    f"--run-dir: another process is training in {self.path!r} ({error}); wait for "
                    "it, or give another directory."
                ) from error
            yield

    # ---- What is written ---------------------------------------------------------------------

    def write(self, name: str, content: bytes) -> None:
        """Writes a file whole."""
        self.system.write(join(self.path, name), content)

    def append(self, name: str, row: Mapping[str, Any]) -> None:
        """Appends a row to a growing JSON-lines file, on a line of its own even after a kill."""
        self._fetch(name)
        with open(join(self.spool, name), "ab+") as file:
            cut_short = file.tell() > 0 and file.seek(-1, os.SEEK_END) and file.read(1) != b"\n"
            file.write(f"{chr(10) if cut_short else ''}{json.dumps(row)}\n".encode())

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a growing JSON-lines file; a row cut short by a kill is left out."""
        self._fetch(name)
        path = Path(self.spool, name)
        return json_rows(path.read_text("utf-8")) if path.exists() else []

    def newest_samples(self) -> str | None:
        """The path of the newest picture of samples, or else text; None where there is none."""
        folder = join(self.path, "samples")
        names = [name for name in self.system.names(folder) if name.startswith("step-")]
        kinds = ([name for name in names if name.endswith(kind)] for kind in (".png", ".txt"))
        return next((join(folder, max(names)) for names in kinds if names), None)

    def _fetch(self, name: str) -> None:
        """Brings a growing log of an object store here, once: from then on this copy is ahead."""
        if not is_remote(self.path) or os.path.exists(join(self.spool, name)):
            return
        if self.system.exists(join(self.path, name)):
            write_atomically(join(self.spool, name), self.system.read(join(self.path, name)))

    def resume_logs(self, step: int) -> None:
        """Fetches the growing logs and cuts the rows that lie beyond a restored step.

        A run that begins again at step 0 writes that step's row again, too.
        """
        for name in _GROWING:
            self._fetch(name)
        for name in ("metrics.jsonl", "evaluations.jsonl"):
            if Path(self.spool, name).exists():
                rows = [row for row in self.rows(name) if row.get("step", step + 1) <= step]
                kept = [json.dumps(row) + "\n" for row in rows if step]
                write_atomically(join(self.spool, name), "".join(kept).encode())

    def sync(self) -> None:
        """Uploads the growing logs where the run lies on an object store.

        A failure is a warning: the next checkpoint uploads them again.
        """
        if not is_remote(self.path):
            return
        for name in _GROWING:
            if Path(self.spool, name).exists():
                try:
                    self.write(name, Path(self.spool, name).read_bytes())
                except OSError:
                    logger.warning("%s could not be uploaded.", name, exc_info=True)

    @contextlib.contextmanager
    def logging(self) -> Iterator[None]:
        """Sends what this thread logs to log.txt as well."""
        handler = logging.FileHandler(join(self.spool, "log.txt"), encoding="utf-8")
        # Other threads may play other runs. A run logs nothing from threads that it starts.
        thread = threading.get_ident()
        handler.addFilter(lambda record: record.thread == thread)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)
        logger.addHandler(handler)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            handler.close()
            self.sync()

    def record_environment(self, step: int) -> None:
        """Notes what this start runs on; warns when bits may differ from the last start's."""
        now = environment()
        earlier = self.rows("environment.jsonl")
        for field in ("cpu", "threads", "tensorflow", "keras", "devices"):
            if earlier and earlier[-1].get(field) != now[field]:
                logger.warning(
                    "%s was %r when this run last started and is %r now: training goes on, but "
                    "not to the same last bits.",
                    *(field, earlier[-1].get(field), now[field]),
                )
        self.append("environment.jsonl", {"step": step, **now})

    def _read(self, name: str) -> str:
        return read_text(join(self.path, name))


def _raise_where_the_store_failed(error: OSError) -> None:
    """A store, or a disk, that does not answer is no mistake of who named it."""
    if error.errno == errno.EIO:
        raise error


def environment() -> dict[str, Any]:
    """What the last bits of a result depend on, and when it was made."""
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "saddlepoint": version("saddlepoint"),
        "tensorflow": version("tensorflow"),
        "keras": version("keras"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "cpu": _cpu(),
        "threads": tf.config.threading.get_intra_op_parallelism_threads() or _usable_cores(),
        "devices": [d.device_type for d in tf.config.list_logical_devices()],
    }


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu() -> str:
    """The CPU's model and its widest vectors: arithmetic differs in the last bits between kinds."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(
        (key.strip(), value.strip())
        for key, _, value in (line.partition(":") for line in io.StringIO(text))
    )
    widest = next((f for f in ("avx512f", "avx2") if f in fields.get("flags", "").split()), "")
    return f"{fields.get('model name', platform.machine())} {widest}".strip()
