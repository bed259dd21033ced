import dataclasses
import json
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.conftest import DENSE, checkpointed, tiny
from tests.trainer.run.test_advice import typed
from trainer.errors import ConfigError, RunError
from trainer.exporting import export_run
from trainer.game import instruments
from trainer.run import health, observers
from trainer.run.directory import RunDirectory
from trainer.run.observers import Guarded
from trainer.training import resume, train


def test_a_run_leaves_what_the_contract_names(trained_run):
    names = {p.name for p in trained_run.iterdir()}
    assert {"format_version", "config.yaml", "environment.jsonl", "checkpoints"} <= names
    assert {"metrics.jsonl", "logs", "samples", "log.txt"} <= names
    rows = [json.loads(line) for line in (trained_run / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 2, 4]
    watched = {"discriminator_loss", "generator_loss", "D(x)", "D(G(z))", "images_per_second"}
    assert watched <= rows[1].keys()
    # The first step's, whose time was compilation.
    assert rows[0].keys() == rows[1].keys() - {"images_per_second"}
    picture = np.asarray(Image.open(trained_run / "samples" / "step-00000004.png"))
    # Two rows of ten classes, 8×8 digits enlarged seven times, two pixels between them, and a line
    # with the classes' names.
    assert picture.shape == (18 + 2 * 58 - 2, 10 * 58 - 2, 3)
    for column in range(10):
        assert (picture[:18, 58 * column : 58 * column + 56] < 128).any()
    assert (trained_run / "samples" / "step-00000000.png").exists()
    assert list((trained_run / "logs").glob("events*"))
    assert "Ended at step 4" in (trained_run / "log.txt").read_text()


def test_blocks_of_steps_play_the_same_game(trained_run, tmp_path):
    """Steps per execution change the dispatch, not a bit of the result."""
    summary = train(
        tiny("cgan-digits", "devices.steps_per_execution=3"), tmp_path / "run", progress=False
    )
    assert (summary.step, summary.ended_by) == (4, "steps")
    one, other = (checkpointed(p) for p in (trained_run, tmp_path / "run"))
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_raising_the_steps_goes_on(trained_run, longer_run, tmp_path):
    shutil.copytree(trained_run, tmp_path / "run")
    summary = train(tiny("cgan-digits", "train.steps=6"), tmp_path / "run", progress=False)
    assert summary.step == 6
    rows = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in rows] == [0, 2, 4, 6]
    starts = (tmp_path / "run" / "environment.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in starts] == [0, 4]
    one, other = (checkpointed(p) for p in (tmp_path / "run", longer_run))
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.mark.integration
def test_a_finished_run_says_that_it_is_finished_and_how_to_go_on(trained_run, tmp_path):
    shutil.copytree(trained_run, tmp_path / "run")
    summary = train(tiny(), tmp_path / "run", progress=False)
    assert (summary.start, summary.step) == (4, 4)
    assert "This run is finished: its 4 steps were played before." in summary.text
    assert "images/s" not in summary.text
    command = f"gan resume {tmp_path / 'run'} --set train.steps=8"
    assert command in summary.text
    # What is advised works, and plays what the run was made of: batches of 16, two rows of ten.
    result = typed(command)
    assert result.exit_code == 0, result.stderr
    assert "Step 8 reached" in result.stdout
    assert RunDirectory(tmp_path / "run").read_experiment() == tiny("cgan-digits", "train.steps=8")


def test_a_run_is_resumed_with_what_may_differ_alone(trained_run, tmp_path):
    with pytest.raises(ConfigError, match=r"--set: received train.batch_size, which a run keeps"):
        resume(trained_run, ["train.batch_size=32"], progress=False)
    with pytest.raises(ConfigError, match=r"train.steps: received 2, but this run was planned"):
        resume(trained_run, ["train.steps=2"], progress=False)
    with pytest.raises(ConfigError, match=r"RUN_DIR: .*holds no run"):
        resume(tmp_path / "nowhere", progress=False)


@pytest.mark.integration
def test_a_run_lasts_as_many_epochs_as_are_asked_for(digits, tmp_path):
    epochs = 40 / digits.spec.count
    experiment = tiny("cgan-digits", DENSE, f"train.epochs={epochs}")
    few = train(experiment, tmp_path / "run", progress=False)
    assert few.step == 3  # 40 examples are two batches of 16 and a half
    recorded = RunDirectory(tmp_path / "run").read_experiment().train
    assert (recorded.steps, recorded.epochs) == (3, None)
    again = train(experiment, tmp_path / "run", progress=False)
    assert (again.start, again.step) == (3, 3)
    longer = resume(tmp_path / "run", [f"train.epochs={2 * epochs}"], progress=False)
    assert (longer.start, longer.step) == (3, 5)


def test_a_run_to_start_from_is_looked_for_before_anything_is_written(tmp_path):
    experiment = tiny("cgan-digits", f"train.warm_start={tmp_path / 'nowhere'}")
    with pytest.raises(ConfigError, match=r"train.warm_start: .*nowhere' holds no checkpoint"):
        train(experiment, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_run_to_start_from_is_found_behind_a_tilde(trained_run, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(trained_run.parent))
    experiment = tiny("cgan-digits", "train.warm_start=~/run", "train.batch_size=2000")
    with pytest.raises(ConfigError, match=r"train.batch_size: received 2000"):  # which comes after
        train(experiment, tmp_path / "run", progress=False)


def test_a_time_budget_ends_the_run_with_a_checkpoint(tmp_path):
    experiment = tiny("cgan-digits", DENSE, "train.steps=100000", "run.time_budget_minutes=0.001")
    summary = train(experiment, tmp_path / "run", progress=False)
    assert summary.ended_by == "time budget" and 0 < summary.step < 100000
    assert (tmp_path / "run" / "checkpoints" / f"step-{summary.step}.index").exists()


def test_every_stop_leaves_a_row_and_a_picture_and_the_end_names_what_is_there(tmp_path):
    experiment = tiny(
        *("cgan-digits", DENSE, "train.steps=100000", "run.time_budget_minutes=0.0001"),
        *("run.log_every=1000", "run.sample_every=1000", "run.checkpoint_every=1000"),
    )
    summary = train(experiment, tmp_path / "run", progress=False)
    rows = RunDirectory(tmp_path / "run").rows("metrics.jsonl")
    assert [row["step"] for row in rows] == [0, summary.step]
    names = sorted(p.name for p in (tmp_path / "run" / "samples").iterdir())
    assert names == ["step-00000000.png", f"step-{summary.step:08d}.png"]
    assert summary.samples == str(tmp_path / "run" / "samples" / names[1])
    named = re.findall(rf"{tmp_path}[^\s;]*", summary.text)
    assert len(named) > 4 and all(Path(path).exists() for path in named)
    assert "  samples" not in dataclasses.replace(summary, samples=None).text


@pytest.mark.integration
def test_a_destroyed_game_is_said_once_with_what_helps(tmp_path, caplog):
    wild = [f"optimizers.{side}.learning_rate=1e4" for side in ("generator", "discriminator")]
    experiment = tiny("cgan-digits", *wild, "train.steps=120", "run.log_every=20",
                      "run.sample_every=120", "run.checkpoint_every=120")  # fmt: skip
    summary = train(experiment, tmp_path / "run", progress=False)
    command = f"gan train {tmp_path}/run/config.yaml --run-dir {tmp_path}/run-2"
    lower = "--set optimizers.generator.learning_rate=0.0002"
    log = (tmp_path / "run" / "log.txt").read_text()
    for text in (caplog.text, log, summary.text):
        assert text.count("The game is destroyed: ") == 1
        assert f"{command} {lower}" in text
    rows = RunDirectory(tmp_path / "run").rows("metrics.jsonl")
    assert health.destroyed(rows)


@pytest.mark.integration
def test_runs_in_two_threads_are_what_each_is_alone(trained_run, ring_run, tmp_path):
    recipes = {"cgan-digits": trained_run, "mlp-ring": ring_run}
    with ThreadPoolExecutor(2) as pool:
        started = threading.Barrier(2)

        def play(name):
            started.wait(timeout=60)
            train(tiny(name), tmp_path / name, progress=False)

        list(pool.map(play, recipes))
    for name, alone in recipes.items():
        one, other = checkpointed(alone), checkpointed(tmp_path / name)
        assert one.keys() == other.keys()
        for variable in one:
            np.testing.assert_array_equal(one[variable], other[variable], err_msg=variable)
        lines = (tmp_path / name / "log.txt").read_text().splitlines()
        assert [line.count("Starting at step 0") for line in lines].count(1) == 1
        assert sum("Ended at step 4" in line for line in lines) == 1
        assert sum("step 4: " in line for line in lines) == 1


def test_a_loss_that_is_not_finite_stops_the_run_and_is_not_kept(tmp_path):
    wild = "optimizers.discriminator={name: sgd, learning_rate: 1e30}"
    experiment = tiny("cgan-digits", DENSE, wild, "train.steps=40", "run.checkpoint_every=1")
    found = r"became (nan|inf|-inf) at step \d+; training stopped"
    with pytest.raises(RunError, match=found) as stopped:
        train(experiment, tmp_path / "run", progress=False)
    for name, value in checkpointed(tmp_path / "run").items():
        assert np.isfinite(value).all(), name
    _, _, command = str(stopped.value).partition("\n  ")
    assert ("train.warm_start" in command) == bool(checkpointed(tmp_path / "run"))
    assert "optimizers.discriminator.learning_rate=0.0002" in command
    # It is a new run that may be played, with a rate that a person would choose.
    calm = "--set optimizers.discriminator.learning_rate=1e-4 --set train.steps=2"
    result = typed(f"{command} {calm}")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "run-2" / "checkpoints" / "step-2.index").exists()


def test_too_large_a_batch_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ConfigError, match=r"train.batch_size: received 2000"):
        train(tiny("cgan-digits", "train.batch_size=2000"), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


class _Failing(observers.Observer):
    def after(self, step, values, steps):
        raise OSError("the plot's disk is full")


class _Counting(observers.Observer):
    calls = 0

    def after(self, step, values, steps):
        self.calls += 1


def test_an_observer_that_fails_is_dropped_and_the_others_go_on(caplog):
    """Invariant 5: a plot or a log line never kills a training run."""
    counting = _Counting()
    guarded = Guarded([_Failing(), counting], patience=2)
    for step in range(5):
        guarded.after(step, {}, 1)
    assert counting.calls == 5
    assert caplog.text.count("_Failing failed.") == 2
    assert caplog.text.count("_Failing is dropped.") == 1


class _Moody(observers.Observer):
    def __init__(self):
        self.calls = 0

    def after(self, step, values, steps):
        self.calls += 1
        if self.calls % 2:
            raise OSError("busy")


def test_an_observer_that_recovers_is_kept():
    moody = _Moody()
    guarded = Guarded([moody], patience=2)
    for step in range(9):
        guarded.after(step, {}, 1)
    assert moody.calls == 9


def test_a_run_survives_event_files_and_pictures_that_cannot_be_written(
    tmp_path, monkeypatch, caplog
):
    def fail(*_):
        raise OSError("no space")

    monkeypatch.setattr(observers.pictures, "png", fail)
    with RunDirectory(tmp_path / "run").locked():
        (tmp_path / "run" / "format_version").write_text("2")
        (tmp_path / "run" / "logs").write_text("in the way")
    assert train(tiny(), tmp_path / "run", progress=False).step == 4
    assert "MetricRows failed." in caplog.text and "SamplePictures failed." in caplog.text


def test_points_are_drawn_as_a_map(ring_run):
    picture = np.asarray(Image.open(ring_run / "samples" / "step-00000004.png"))
    assert picture.shape == (400, 400, 3)
    assert picture.min() < 128


@pytest.mark.integration
def test_a_run_on_an_object_store_trains_resumes_and_exports(object_store):
    run_dir = f"{object_store}/run"
    train(tiny("cgan-digits", DENSE), run_dir, progress=False)
    summary = train(tiny("cgan-digits", DENSE, "train.steps=6"), run_dir, progress=False)
    assert summary.step == 6
    with tf.io.gfile.GFile(f"{run_dir}/metrics.jsonl") as file:
        assert [json.loads(row)["step"] for row in file.read().splitlines()] == [0, 2, 4, 6]
    assert tf.io.gfile.exists(f"{run_dir}/samples/step-00000004.png")
    model = f"{object_store}/model"
    assert export_run(run_dir, model).path == f"{model}/1"


@pytest.mark.integration
def test_instruments_are_read_every_so_many_steps_and_change_nothing(tmp_path):
    """The first run is not read within its four steps."""
    # Dense layers are compiled otherwise beside the readings, which moves a last bit.
    own = "network.base_filters=4"
    train(tiny("cgan-digits", own), tmp_path / "unread", progress=False)
    read = tiny("cgan-digits", own, "run.instruments_every=3", "devices.steps_per_execution=2")
    train(read, tmp_path / "run", progress=False)
    one, other = (checkpointed(tmp_path / name) for name in ("unread", "run"))
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    rows = RunDirectory(tmp_path / "run").rows("metrics.jsonl")
    readings = [{n for n in row if n.startswith(instruments.PREFIX)} for row in rows]
    assert [len(names) for names in readings] == [0, 0, 14]  # steps 0, 2 and 4
    unread = RunDirectory(tmp_path / "unread").rows("metrics.jsonl")[2].keys()
    assert rows[2].keys() - readings[2] == unread
    log = (tmp_path / "run" / "log.txt").read_text()
    assert re.search(r"step 4, instruments: .*diversity 0\.\d+", log)
    # A longer run goes on: step 6 is read next.
    shutil.copytree(tmp_path / "run", tmp_path / "longer")
    longer = tiny("cgan-digits", own, "run.instruments_every=3", "train.steps=6")
    train(longer, tmp_path / "longer", progress=False)
    longer_rows = RunDirectory(tmp_path / "longer").rows("metrics.jsonl")
    assert longer_rows[2] == rows[2] and len(readings[2] & longer_rows[3].keys()) == 14


@pytest.mark.integration
def test_instruments_that_fail_end_no_run(tmp_path, monkeypatch, caplog):
    """Invariant 5."""

    def fail(judgement):
        raise ValueError("no such reading")

    monkeypatch.setattr(instruments, "of_turn", fail)
    read = tiny("mlp-ring", "run.instruments_every=2", "devices.steps_per_execution=1")
    assert train(read, tmp_path / "run", progress=False).step == 4
    assert caplog.text.count("The instruments cannot read this game.") == 1
    rows = RunDirectory(tmp_path / "run").rows("metrics.jsonl")
    assert [row["step"] for row in rows] == [0, 2, 4]
    assert not any(name.startswith(instruments.PREFIX) for row in rows for name in row)
