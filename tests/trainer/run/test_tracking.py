"""What MLflow is told, by a stand-in for it and, where it is installed, by MLflow itself."""

import json
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import pytest

from tests.conftest import DENSE, tiny
from trainer.errors import ConfigError
from trainer.training import train

FOLLOWED = (DENSE, "run.mlflow=digits")


class Client:
    """Notes what it is told; while it is `away` it answers nothing."""

    told: ClassVar[list] = []
    away = False

    def get_experiment_by_name(self, name):
        return None

    def create_experiment(self, name):
        return f"id of {name}"

    def create_run(self, experiment_id, run_name):
        if self.away:
            raise ConnectionError("nobody there")
        self.told.append(("run", experiment_id, run_name))
        return SimpleNamespace(info=SimpleNamespace(run_id="r1"))

    def log_batch(self, run_id, metrics=(), params=()):
        self.told += [("metric", *metric) for metric in metrics]
        self.told += [("param", *param) for param in params]

    def log_artifact(self, run_id, path, folder):
        self.told.append(("picture", path.rpartition("/")[2], folder))

    def set_tag(self, run_id, name, value):
        self.told.append(("tag", name, value))

    def update_run(self, run_id, status):
        self.told.append(("status", status))


@pytest.fixture
def client(monkeypatch):
    mlflow, entities = ModuleType("mlflow"), ModuleType("mlflow.entities")
    mlflow.__spec__ = ModuleSpec("mlflow", None)
    mlflow.MlflowClient = Client
    entities.Metric = lambda key, value, timestamp, step: (key, value, step)
    entities.Param = lambda key, value: (key, value)
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    monkeypatch.setitem(sys.modules, "mlflow.entities", entities)
    monkeypatch.setattr(Client, "told", [])
    return Client


def of_kind(client, kind):
    return [told[1:] for told in client.told if told[0] == kind]


def rows(run_dir):
    return [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text().splitlines()]


def test_a_resumed_run_is_told_once_and_whole(client, tmp_path):
    run_dir = tmp_path / "run"
    settings = (*FOLLOWED, "evaluate.every=4", "evaluate.metrics=[wasserstein]")
    settings += ("evaluate.num_samples=50",)
    train(tiny("mlp-ring", *settings), run_dir, progress=False)
    train(tiny("mlp-ring", *settings, "train.steps=6"), run_dir, progress=False)
    assert of_kind(client, "run") == [("id of digits", "run")]
    sent = of_kind(client, "metric")
    losses = [(step, value) for key, value, step in sent if key == "generator_loss"]
    assert losses == [(row["step"], row["generator_loss"]) for row in rows(run_dir)]
    assert "D.G.z" in {key for key, _, _ in sent}
    assert {s for key, _, s in sent if key.startswith("evaluation/")} == {4, 6}
    assert ("train.batch_size", "16") in of_kind(client, "param")
    ends = [("RUNNING",), ("FINISHED",)]
    assert of_kind(client, "status") == [*ends, *ends]


def test_what_a_server_missed_is_sent_later(client, tmp_path, monkeypatch):
    run_dir = tmp_path / "run"
    monkeypatch.setattr(client, "away", True)
    summary = train(tiny("cgan-digits", *FOLLOWED), run_dir, progress=False)
    assert summary.step == 4 and client.told == []
    monkeypatch.setattr(client, "away", False)
    train(tiny("cgan-digits", *FOLLOWED, "train.steps=6"), run_dir, progress=False)
    steps = [step for key, _, step in of_kind(client, "metric") if key == "generator_loss"]
    assert steps == [0, 2, 4, 6]
    assert ("step-00000006.png", "samples") in of_kind(client, "picture")


def test_it_is_missed_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.run.tracking.find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match=r"run.mlflow: received 'digits'.*saddlepoint\[tracking\]"
    ):
        train(tiny("cgan-digits", *FOLLOWED), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_mlflow_itself_takes_it(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    train(tiny("cgan-digits", *FOLLOWED), tmp_path / "run", progress=False)
    client = mlflow.MlflowClient()
    run_id = json.loads((tmp_path / "run" / "mlflow.json").read_text())["run_id"]
    history = client.get_metric_history(run_id, "generator_loss")
    assert [m.step for m in history] == [0, 2, 4]
    assert client.get_run(run_id).info.status == "FINISHED"
    assert [f.path for f in client.list_artifacts(run_id, "samples")] == [
        "samples/step-00000000.png",
        "samples/step-00000004.png",
    ]
