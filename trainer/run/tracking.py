"""A run followed in MLflow, where `run.mlflow` names an experiment of it; else nothing of it."""

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import PurePath
from typing import Any

import tensorflow as tf

from trainer.config.experiment import Experiment
from trainer.errors import ConfigError
from trainer.files import is_remote, join, read_text
from trainer.run.directory import RunDirectory
from trainer.run.observers import Observer, Values

# How far MLflow's run was told, in the run directory.
_FILE = "mlflow.json"
# A server that does not answer holds training up so long at the most.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
# A row of a file to what MLflow is told of it.
_Values = Callable[[Mapping[str, Any]], Iterator[tuple[str, float]]]
# MLflow takes so many parameters and metrics at once, and so many characters of a parameter.
_PARAMS, _METRICS, _LONGEST = 100, 1000, 500


def require_installed(experiment: Experiment) -> None:
    """Refuses `run.mlflow` where MLflow is not installed.

    Raises:
        ConfigError: naming the extra.
    """
    if experiment.run.mlflow and find_spec("mlflow") is None:
        raise ConfigError(
            f"run.mlflow: received {experiment.run.mlflow!r}, but MLflow is not installed; "
            "pip install 'saddlepoint[tracking]', or set it to null."
        )


class Tracking(Observer):
    """Tells MLflow what the run directory says: fields, rows, evaluations, the newest samples.

    The directory stays the truth: rows are read from it, so what a server missed is sent with the
    next ones. A run that goes on does so in the same run of MLflow, which is told nothing twice.
    `MLFLOW_TRACKING_URI` says where, as MLflow has it.
    """

    def __init__(self, run: RunDirectory, experiment: Experiment) -> None:
        for name, value in _PATIENCE.items():
            os.environ.setdefault(name, value)
        self.run, self.experiment = run, experiment
        self.sent: dict[str, Any] = {}

    def begin(self, step: int) -> None:
        """See `Observer`."""
        self._tell("RUNNING" if step < self.experiment.train.steps else None)

    def after(self, step: int, values: Values, steps: int) -> None:
        """See `Observer`; an evaluation is a block of no steps."""
        if not steps or step % self.experiment.run.log_every == 0:
            self._tell()

    def end(self, step: int) -> None:
        """See `Observer`."""
        self._tell("FINISHED" if step >= self.experiment.train.steps else "KILLED")

    def _tell(self, status: str | None = None) -> None:
        from mlflow import MlflowClient

        client = MlflowClient()
        if not self.sent:
            self.sent = self._begun(client)
        self._send(client, "metrics.jsonl", _of_row)
        self._send(client, "evaluations.jsonl", _of_evaluation)
        self._show(client)
        if status is not None:
            client.update_run(self.sent["run_id"], status=status)

    def _begun(self, client: Any) -> dict[str, Any]:
        """What MLflow's run was told before; a new one is told the fields of the recipe."""
        path = join(self.run.path, _FILE)
        if tf.io.gfile.exists(path):
            return dict(json.loads(read_text(path)))
        from mlflow.entities import Param

        name = self.experiment.run.mlflow
        known = client.get_experiment_by_name(name)
        experiment_id = known.experiment_id if known else client.create_experiment(name)
        made = client.create_run(experiment_id, run_name=PurePath(self.run.path).name)
        fields = self.experiment.fixed_fields() | {"train.steps": self.experiment.train.steps}
        params = [Param(key, str(value)[:_LONGEST]) for key, value in fields.items()]
        for some in _parts(params, _PARAMS):
            client.log_batch(made.info.run_id, params=some)
        client.set_tag(made.info.run_id, "run_dir", self.run.path)
        return self._remember({"run_id": made.info.run_id})

    def _send(self, client: Any, file: str, values_of: _Values) -> None:
        """Sends the rows of a file that are newer than the last one that was sent."""
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        for row in self.run.rows(file):
            if row["step"] > self.sent.get(file, -1):
                values = values_of(row)
                metrics = [Metric(_named(key), value, now, row["step"]) for key, value in values]
                for some in _parts(metrics, _METRICS):
                    client.log_batch(self.sent["run_id"], metrics=some)
                self._remember({**self.sent, file: row["step"]})

    def _show(self, client: Any) -> None:
        newest = self.run.newest_samples()
        if newest and newest != self.sent.get("samples") and not is_remote(newest):
            client.log_artifact(self.sent["run_id"], newest, "samples")
            self._remember({**self.sent, "samples": newest})

    def _remember(self, sent: dict[str, Any]) -> dict[str, Any]:
        self.sent = sent
        self.run.write(_FILE, json.dumps(sent).encode())
        return sent


def _of_row(row: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    yield from ((name, value) for name, value in row.items() if name != "step")


def _of_evaluation(row: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    yield from ((f"evaluation/{n['key']}", n["value"]) for n in row["numbers"])


def _parts(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    yield from (rows[start : start + size] for start in range(0, len(rows), size))


def _named(key: str) -> str:
    """A name that MLflow takes: `D(G(z))` is `D.G.z`."""
    return re.sub(r"[^\w\-. :/]+", ".", key).strip(".")
