"""The workers of a cluster as one of them sees them: what they agree on, and how they end together.

All of them run the same blocks of steps, so that each collective operation is met by all. Whatever
one alone may find (a signal, data that is not there) is told to the others before the next one.
"""

import atexit
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version

import numpy as np
import tensorflow as tf

from trainer.config.experiment import Devices, Experiment
from trainer.data.examples import DataSpec
from trainer.errors import RESTART, ConfigError, WorkerLostError
from trainer.run import distribution
from trainer.run.cluster import Cluster, of_environment
from trainer.run.supervisor import Supervised, take_over

_PROGRAMS = ("saddlepoint", "tensorflow", "keras")

# What TensorFlow raises from a collective operation that a worker has left.
_GONE = (
    tf.errors.UnavailableError,
    tf.errors.DeadlineExceededError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.InternalError,
    tf.errors.FailedPreconditionError,
)


def joined(devices: Devices) -> "Workers":
    """The workers that the environment names, all of them there; without any, this process alone.

    One of several is under a supervisor from here on (`supervisor.take_over`).

    Raises:
        ConfigError: for a cluster in which this process has no place, or that cannot be joined.
    """
    take_over(devices)
    cluster = of_environment(devices)
    supervised = Supervised()
    if cluster is not None:
        # A proxy between the workers would let them wait without a word.
        hosts = [address.rpartition(":")[0] for address in cluster.addresses]
        os.environ.setdefault("no_grpc_proxy", ",".join(hosts))
    try:
        return Workers(distribution.strategy_for(devices, cluster), cluster)
    finally:
        supervised.report_up()


class Workers:
    """The workers that train together; a process that trains alone is the only one.

    Args:
        strategy: of all of them.
        cluster: None where this process trains alone.
    """

    def __init__(self, strategy: tf.distribute.Strategy, cluster: Cluster | None = None) -> None:
        self.strategy = strategy
        self.size, self.index = (cluster.size, cluster.index) if cluster else (1, 0)
        self._rows = tf.function(self._of_all, autograph=False)

    @property
    def is_chief(self) -> bool:
        """Whether this process writes what the run leaves."""
        return self.index == 0

    def gathered(self, numbers: Sequence[int]) -> np.ndarray:
        """The numbers [k] of every worker, int64 [workers, k]; all call it at the same place."""
        row = np.asarray([numbers], np.int64)
        if self.size == 1:
            return row
        rows: np.ndarray = self._rows(tf.constant(row)).numpy()
        # A row a replica, those of a worker alike.
        return rows[:: len(rows) // self.size]

    def _of_all(self, row: tf.Tensor) -> tf.Tensor:
        def of_replica(row: tf.Tensor) -> tf.Tensor:
            # Only what is computed here has a device, which the operation asks for.
            return tf.distribute.get_replica_context().all_gather(tf.identity(row), axis=0)

        gathered = self.strategy.run(of_replica, args=(row,))
        return self.strategy.experimental_local_results(gathered)[0]

    def agree_on(self, experiment: Experiment, spec: DataSpec) -> None:
        """Checks that all are to play the same run with the same programs on the same data.

        Raises:
            ConfigError: on every worker, naming the first one that differs and in what.
        """
        fields = experiment.shared_fields()
        programs = {f"its version of {name}": version(name) for name in _PROGRAMS}
        self.agree({**programs, "what its recipe is made of": " ".join(sorted(fields))})
        self.agree({name: json.dumps(value) for name, value in fields.items()})
        described = hashlib.sha256(json.dumps(spec.describe()).encode()).hexdigest()
        self.agree({"its data": f"{spec.count} examples, fingerprint {described[:16]}"})

    def agree(self, facts: Mapping[str, str]) -> None:
        """Checks that all have the same facts as the chief.

        Args:
            facts: what is compared, as a sentence names it → its value here, whole.

        Raises:
            ConfigError: on every worker, naming the first one that differs and in what.
        """
        gathered = self.gathered([_digest(value) for value in facts.values()])
        for name, values in zip(facts, gathered.T, strict=True):
            others = np.flatnonzero(values != values[0])
            if len(others):
                raise ConfigError(
                    f"devices.cluster: worker {others[0]} differs from the chief in {name} (here: "
                    f"{_short(facts[name])}); start all {self.size} workers by the same command, "
                    "from the same image, on data and a run directory that all of them see."
                )

    @contextlib.contextmanager
    def together(self, doing: str) -> Iterator[None]:
        """Within, a worker may fail alone; the others then end after the block.

        No collective operation may stand in the block.

        Args:
            doing: what is done there, as in "read the data".

        Raises:
            ConfigError: where another worker failed.
        """
        try:
            yield
        except Exception:
            with contextlib.suppress(tf.errors.OpError):
                self.gathered([True])
            raise
        failed = np.flatnonzero(self.gathered([False]))
        if len(failed):
            raise ConfigError(
                f"devices.cluster: worker {failed[0]} could not {doing}, and says why itself; mend "
                f"that and start all {self.size} workers again."
            )

    @contextlib.contextmanager
    def or_lost(self) -> Iterator[None]:
        """Within, that another worker is gone is a `WorkerLostError`.

        However the program takes it, it ends with the exit code `RESTART`.

        Raises:
            WorkerLostError: then. Nothing may be saved: the others are at another step.
        """
        try:
            yield
        except _GONE as error:
            if self.size == 1:
                raise
            atexit.register(_end_for_restart)
            raise WorkerLostError(
                f"One of the {self.size} workers is gone ({type(error).__name__}); start all of "
                "them again: they go on from the last checkpoint."
            ) from error


def _end_for_restart() -> None:
    """Ends this process at once: TensorFlow's own end waits for workers that are gone."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(RESTART)


def _digest(value: str) -> int:
    """63 bits of a hash."""
    return int.from_bytes(hashlib.sha256(value.encode()).digest()[:8], "big") >> 1


def _short(value: str) -> str:
    return value if len(value) <= 80 else f"{value[:77]}…"
