import dataclasses
import json
import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from trainer.data import loading
from trainer.errors import ConfigError
from trainer.run.directory import RunDirectory


@pytest.fixture
def run(tmp_path, digits):
    run = RunDirectory(tmp_path / "run")
    with run.locked():
        run.claim(tiny(), digits.spec)
    return run


def test_a_new_run_says_whose_it_is(run, digits):
    assert run.exists
    assert run.read_experiment() == tiny()
    assert run.read_spec() == digits.spec


@pytest.mark.parametrize(
    "override", ["train.steps=9", "run.log_every=1", "devices.steps_per_execution=2"]
)
def test_length_logging_and_devices_may_differ_on_resume(run, digits, override):
    run.claim(tiny("cgan-digits", override), digits.spec)
    assert run.read_experiment() == tiny("cgan-digits", override)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("train.batch_size=32", r"another run \(train.batch_size is 16 there and 32 here\)"),
        ("objective=hinge", r"another run \(objective.name is .non_saturating. there"),
        ("train.steps=2", r"train.steps: received 2.*planned for 4; on resume it may only grow"),
    ],
)
def test_a_directory_of_another_run_is_refused(run, digits, override, words):
    with pytest.raises(ConfigError, match=words):
        run.claim(tiny("cgan-digits", override), digits.spec)
    assert run.read_experiment() == tiny()


def test_other_data_is_refused(run, digits):
    other = dataclasses.replace(digits.spec, fingerprint="other")
    with pytest.raises(ConfigError, match=r"data.source: the data has changed") as refused:
        run.claim(tiny(), other)
    # Nothing has been trained yet, so there is nothing to start from.
    config, new = f"{run.path}/config.yaml", f"{run.path}-2"
    assert str(refused.value).endswith(f"\n  gan train {config} --run-dir {new}")


def test_the_home_folder_is_found_behind_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert RunDirectory("~/run").path == str(tmp_path / "run")
    assert RunDirectory("gs://bucket/~/run").path == "gs://bucket/~/run"


def test_other_names_of_the_same_bytes_are_refused(run, digits):
    label = dataclasses.replace(digits.spec.fields["label"], names=tuple("abcdefghij"))
    fields = {**digits.spec.fields, "label": label}
    with pytest.raises(ConfigError, match=r"data.source: the data has changed"):
        run.claim(tiny(), dataclasses.replace(digits.spec, fields=fields))


def test_moved_data_is_known_by_its_fingerprint(tmp_path, digits, monkeypatch):
    first, second = tmp_path / "first.npz", tmp_path / "moved" / "second.npz"
    second.parent.mkdir()
    for place in (first, second):
        np.savez(place, images=digits.train["sample"][:50], labels=digits.train.labels[:50])
    monkeypatch.chdir(tmp_path)
    run = RunDirectory(tmp_path / "run")
    spellings = (first, "first.npz", "./first.npz", f"{tmp_path}/moved/../first.npz", second)
    for spelling in spellings:
        experiment = tiny("cgan-digits", f"data.source=npz:{spelling}")
        run.claim(experiment, loading.load(experiment.data).spec)
    assert str(run.read_experiment().data.source) == f"npz:{second}"


def test_a_directory_with_something_else_in_it_is_refused(tmp_path, digits):
    (tmp_path / "thesis.tex").write_text("…")
    with pytest.raises(ConfigError, match="is not empty and holds no run"):
        RunDirectory(tmp_path).claim(tiny(), digits.spec)
    with pytest.raises(ConfigError, match=r"RUN_DIR: .* holds no run"):
        RunDirectory(tmp_path).read_experiment()


def _try_to_lock(path, answers):
    try:
        with RunDirectory(path).locked():
            answers.put("locked")
    except ConfigError as error:
        answers.put(str(error))


def test_two_processes_cannot_train_in_one_directory(run):
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    for expected in ("another process is training", "locked"):
        if expected != "locked":
            with run.locked():
                _in_child(context, run.path, answers)
        else:
            _in_child(context, run.path, answers)
        assert expected in answers.get(timeout=10)


def _in_child(context, path, answers):
    process = context.Process(target=_try_to_lock, args=(path, answers))
    process.start()
    process.join(timeout=30)


def test_rows_beyond_a_restored_step_are_cut(run):
    for step in (10, 20, 30):
        run.append("metrics.jsonl", {"step": step})
    with open(f"{run.path}/metrics.jsonl", "a") as file:
        file.write('{"step": 40, "cut sh')
    run.resume_logs(20)
    assert [row["step"] for row in run.rows("metrics.jsonl")] == [10, 20]


def test_a_run_that_begins_again_has_one_row_of_step_0(run):
    for step in (0, 10):
        run.append("metrics.jsonl", {"step": step})
    run.resume_logs(0)
    assert run.rows("metrics.jsonl") == []


def test_a_remote_run_keeps_logs_locally_and_uploads_them(digits, object_store):
    path = f"{object_store}/run"
    run = RunDirectory(path)
    run.claim(tiny(), digits.spec)
    run.append("metrics.jsonl", {"step": 10})
    assert not tf.io.gfile.exists(f"{path}/metrics.jsonl")
    run.sync()
    again = RunDirectory(path)
    assert again.exists and again.read_experiment() == tiny()
    again.resume_logs(10)
    assert again.rows("metrics.jsonl") == [{"step": 10}]


def test_who_opens_a_remote_run_reads_and_adds_to_the_rows_that_are_there(digits, object_store):
    first = RunDirectory(f"{object_store}/run")
    first.claim(tiny(), digits.spec)
    first.append("evaluations.jsonl", {"step": 1})
    first.sync()
    later = RunDirectory(f"{object_store}/run")
    later.append("evaluations.jsonl", {"step": 2})
    later.sync()
    assert [r["step"] for r in RunDirectory(first.path).rows("evaluations.jsonl")] == [1, 2]


def _checked(path):
    RunDirectory(path).check(tiny())


def test_a_bucket_that_does_not_exist_is_named(bucket):
    with pytest.raises(ConfigError, match="--run-dir: there is no bucket 'gs://nowhere' for"):
        bucket.call(_checked, "gs://nowhere/run")


def test_a_bucket_that_may_be_written_but_not_looked_at_will_do(bucket):
    bucket.storage.forbid("storage.buckets.get")
    bucket.call(_checked, f"{bucket.url}/run")


@pytest.mark.parametrize("permission", ["storage.objects.get", "storage.objects.list"])
def test_a_missing_permission_is_named_and_is_no_new_run(permission, bucket):
    bucket.storage.objects["bucket", "run/config.yaml"] = b"{}"
    bucket.storage.forbid(permission)
    words = rf"--run-dir: 'gs://bucket/run' cannot be used \(HTTP 403: .* {permission} access"
    with pytest.raises(ConfigError, match=words):
        bucket.call(_checked, f"{bucket.url}/run")


def test_stores_that_tensorflow_does_not_reach_are_refused():
    with pytest.raises(ConfigError, match="'s3://b/run' is on a store that TensorFlow does not"):
        _checked("s3://b/run")


def test_a_changed_machine_is_warned_of(run, caplog):
    run.record_environment(0)
    rows = run.rows("environment.jsonl")
    with open(f"{run.path}/environment.jsonl", "w") as file:
        file.write(json.dumps({**rows[0], "cpu": "another"}) + "\n")
    run.record_environment(5)
    assert "cpu was 'another'" in caplog.text and "not to the same last bits" in caplog.text


def test_what_a_start_cut_short_left_is_taken_over(tmp_path, digits):
    run = RunDirectory(tmp_path / "run")
    with run.locked():
        (tmp_path / "run" / ".abc.part").write_text("half")
    run.claim(tiny(), digits.spec)
    (tmp_path / "run" / "config.yaml").unlink()
    run.claim(tiny(), digits.spec)
    assert run.read_experiment() == tiny()


def test_a_foreign_folder_is_refused_whatever_its_files_are_called(tmp_path, digits):
    (tmp_path / "data.json").write_text("mine")
    (tmp_path / "samples").mkdir()
    with pytest.raises(ConfigError, match="is not empty and holds no run"):
        RunDirectory(tmp_path).check(tiny())
    assert (tmp_path / "data.json").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config.yaml", b"\xff\xfe", "config.yaml: it is damaged"),
        ("config.yaml", b"", "config.yaml: it is damaged"),
        ("config.yaml", b"train: {stepz: 1}", "config.yaml: it is damaged.*train.stepz"),
        ("data.json", b"{", "data.json: it is damaged"),
        ("data.json", b'{"shape": [1]}', "data.json: it is damaged"),
        ("format_version", b"1", "format_version: received '1'; this Saddlepoint reads format 2"),
    ],
)
def test_a_damaged_run_is_named(run, digits, name, content, words):
    (Path(run.path) / name).write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        run.claim(tiny(), digits.spec)
    assert (Path(run.path) / name).read_bytes() == content
