"""Bulk generation: the same bytes again, whatever happened in between."""

import errno
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from serving import ServingError, UsageError
from serving.bulk import batch_size
from serving.bulk.formats import npz
from serving.bulk.formats.examples import RecordWriter
from serving.bulk.job import Job, ShardSpec, WorkerConfig, divide
from serving.bulk.output import Output, without_run
from serving.bulk.shard import ShardWriter
from serving.exported import ExportedModel
from tests.serving.bulk.conftest import data, run, tree


def images(folder, manifest):
    """All images of an npz output, in order."""
    return np.concatenate([
        np.load(folder / shard["files"][0])["image"] for shard in manifest["shards"]
    ])  # fmt: skip


def test_the_manifest_says_it_all(digits, tmp_path):
    manifest = run(digits, tmp_path / "out", seed=100, format="tfrecord")
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == manifest
    assert manifest["plan"] == {"kind": "seeds", "seed": 100, "count": 10, "condition": {}}
    assert (manifest["count"], manifest["signature"]) == (10, "generate")
    assert (manifest["internal_batch"], manifest["model_version"]) == (64, 1)
    assert manifest["labels"] == {str(label): 1 for label in range(10)}
    assert [(s["first"], s["count"]) for s in manifest["shards"]] == [(0, 4), (4, 4), (8, 2)]
    assert {"python", "tensorflow", "numpy"} <= set(manifest["versions"])
    assert {file["name"] for file in manifest["files"]} == {
        "features.json", "dataset_info.json", "label.labels.txt",
    }  # fmt: skip


def test_order_does_not_change_a_byte(digits, tmp_path):
    manifest = run(digits, tmp_path / "a", count=40)
    job = Job.of(manifest)
    rows = divide(job)
    random.Random(1).shuffle(rows)
    (tmp_path / "b").mkdir()
    writer = ShardWriter.load(WorkerConfig(str(digits), str(tmp_path / "b"), job.document()))
    records = [writer.write_shard(row) for row in rows + rows[:3]]
    assert data(tmp_path / "b") == data(tmp_path / "a")
    records = [without_run(record) for record in records[:10]]
    assert sorted(records, key=lambda record: record["first"]) == manifest["shards"]


@pytest.mark.parametrize("size", [1, 8])
def test_internal_batches_differ_by_one_level_at_most(digits, tmp_path, size):
    a = images(tmp_path / "a", run(digits, tmp_path / "a", count=100, rows_per_shard=50))
    b = images(
        tmp_path / "b",
        run(digits, tmp_path / "b", count=100, rows_per_shard=50, batch_size=size),
    )
    assert np.abs(a.astype(int) - b.astype(int)).max() <= 1


def test_shards_and_padding_do_not_change_a_sample(digits, tmp_path):
    found = [
        images(out, run(digits, out, count=150, rows_per_shard=rows)).tobytes()
        for rows in (3, 64, 200)
        for out in [tmp_path / str(rows)]
    ]
    assert found[0] == found[1] == found[2]


def test_every_call_has_the_internal_batch(points, monkeypatch):
    model, sizes = ExportedModel(str(points)), []
    original = model._run
    monkeypatch.setattr(
        model, "_run", lambda s, inputs: sizes.append(len(inputs["seed"])) or original(s, inputs)
    )
    outputs = model.run("generate", {"seed": np.arange(130)}, 32)
    assert (sizes, len(outputs["sample"])) == ([32] * 5, 130)


def test_a_long_job_finds_its_batch_once(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(batch_size, "_WORTH_TUNING", 100)
    monkeypatch.setattr(batch_size, "_SECONDS", 0.01)
    manifest = run(digits, tmp_path, count=150, rows_per_shard=100)
    assert manifest["internal_batch"] in batch_size._SIZES
    monkeypatch.setattr(batch_size, "_SIZES", (1,))
    assert run(digits, tmp_path, count=150, rows_per_shard=100) == manifest


@pytest.mark.parametrize("damage", ["delete", "truncate"])
@pytest.mark.parametrize("format", ["png", "npz"])
def test_a_finished_run_is_repaired(digits, tmp_path, format, damage, monkeypatch):
    manifest = run(digits, tmp_path / "out", format=format)
    before = tree(tmp_path / "out")
    lost = tmp_path / "out" / manifest["shards"][1]["files"][0]
    lost.unlink() if damage == "delete" else lost.write_bytes(b"")
    written, write = [], ShardWriter.write_shard
    monkeypatch.setattr(
        ShardWriter, "write_shard", lambda s, row: written.append(row.shard) or write(s, row)
    )
    assert run(digits, tmp_path / "out", format=format) == manifest
    assert written == [1]
    assert tree(tmp_path / "out") == before


@pytest.mark.parametrize("format", ["png", "tfrecord"])
def test_an_interrupted_run_goes_on(digits, tmp_path, format, monkeypatch):
    run(digits, tmp_path / "whole", format=format)
    out, write = tmp_path / "out", ShardWriter.write_shard

    def interrupted(self, row):
        if row.shard == 2:
            scratch = out / ".partial" / "scratch-left"
            scratch.mkdir()
            (scratch / "half.npz").write_bytes(b"ha")
            raise KeyboardInterrupt
        return write(self, row)

    with monkeypatch.context() as patch:
        patch.setattr(ShardWriter, "write_shard", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(digits, out, format=format)
    assert not (out / "manifest.json").exists()
    run(digits, out, format=format)
    assert tree(out) == tree(tmp_path / "whole")


def test_no_manifest_while_a_shard_is_missing(digits, tmp_path, monkeypatch):
    manifest = run(digits, tmp_path)
    (tmp_path / manifest["shards"][0]["files"][0]).unlink()

    def fail(*_):
        raise ServingError("stop")

    monkeypatch.setattr(ShardWriter, "write_shard", fail)
    with pytest.raises(ServingError):
        run(digits, tmp_path)
    assert not (tmp_path / "manifest.json").exists()


def test_a_failing_model_leaves_nothing_half_written(digits, tmp_path, monkeypatch):
    def fail(self, signature, inputs, batch):
        raise ServingError("out of memory")

    monkeypatch.setattr(ExportedModel, "run", fail)
    with pytest.raises(ServingError, match="out of memory"):
        run(digits, tmp_path)
    assert set(tree(tmp_path)) == {".partial/plan.json"}
    assert not list(tmp_path.rglob("scratch-*"))


@pytest.mark.parametrize(("name", "writer"), [("npz", npz._Writer), ("tfrecord", RecordWriter)])
def test_a_full_disk_gets_a_sentence(digits, tmp_path, name, writer, monkeypatch):
    def full(self, samples):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(writer, "add", full)
        with pytest.raises(ServingError, match=r"cannot be written: .*No space left on device"):
            run(digits, tmp_path / "out", format=name)
    assert set(tree(tmp_path / "out")) == {".partial/plan.json"}
    run(digits, tmp_path / "out", format=name)
    run(digits, tmp_path / "whole", format=name)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_a_place_that_tensorflow_knows(digits, tmp_path, object_store):
    """Uploads: `ram://` stands for an object store, whose renames are not the system's."""
    import tensorflow as tf

    out = object_store
    manifest = run(digits, out, format="tfrecord")
    run(digits, tmp_path / "here", format="tfrecord")
    assert run(digits, out, format="tfrecord") == manifest
    assert sorted(Output(out).names()) == sorted(tree(tmp_path / "here"))
    for name, content in tree(tmp_path / "here").items():
        assert tf.io.gfile.GFile(f"{out}/{name}", "rb").read() == content


def test_the_shards(digits, tmp_path):
    job = Job.of(run(digits, tmp_path))
    assert divide(job) == [ShardSpec(0, 3, 0, 4), ShardSpec(1, 3, 4, 4), ShardSpec(2, 3, 8, 2)]
    assert divide(job)[1].name == "00001-of-00003"


def test_a_missing_model_or_version(digits, tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        run(tmp_path / "no", tmp_path / "out")
    with pytest.raises(UsageError, match="version: 9 is not in"):
        run(digits, tmp_path / "out", version=9)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"count": 11}, {"format": "png"}, {"label": 3}, {"rows_per_shard": 5},
     {"compression": "deflate"}, {"batch_size": 8}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_another_run_is_not_overwritten(digits, tmp_path, change):
    run(digits, tmp_path)
    before = tree(tmp_path)
    name = {"batch_size": "internal_batch", "label": "condition"}.get(*change, *change)
    with pytest.raises(UsageError, match=f"holds another run \\({name} "):
        run(digits, tmp_path, **change)
    assert tree(tmp_path) == before


def test_another_plan_is_another_run(digits, tmp_path):
    run(digits, tmp_path)
    with pytest.raises(UsageError, match="holds another run"):
        run(digits, tmp_path, per_class=1)


def test_another_export_is_another_run(digits, points, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(digits / "1", base / "1")
    run(base, tmp_path / "out")
    shutil.copytree(digits / "1", base / "2")
    with pytest.raises(UsageError, match=r"model_version 1, now 2.; pass --version to name"):
        run(base, tmp_path / "out")
    run(base, tmp_path / "out", version=1)
    shutil.rmtree(base / "1")
    shutil.copytree(points / "1", base / "1")
    with pytest.raises(UsageError, match=r"holds another run"):
        run(base, tmp_path / "out", version=1)


def test_a_folder_with_something_else(digits, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty; pass a new folder"):
        run(digits, tmp_path / "out")
    with pytest.raises(UsageError, match="is a file; pass a folder"):
        run(digits, tmp_path / "out" / "notes.txt")
    (tmp_path / "out" / "manifest.json").write_text("[1]")
    with pytest.raises(UsageError, match="is no record of a run"):
        run(digits, tmp_path / "out")
    (tmp_path / "out" / "manifest.json").write_text('{"format_version": 1}')
    with pytest.raises(UsageError, match="was written in format 1, this version reads 6"):
        run(digits, tmp_path / "out")
    (tmp_path / "out" / "manifest.json").write_text('{"format_version": 6}')
    with pytest.raises(UsageError, match="record of the run is damaged, 'plan' is missing"):
        run(digits, tmp_path / "out")


def test_an_export_that_cannot_be_used(half_plus_two, tmp_path):
    with pytest.raises(ServingError, match="has no 'describe' signature"):
        run(half_plus_two, tmp_path / "out")
    (tmp_path / "base" / "1").mkdir(parents=True)
    (tmp_path / "base" / "1" / "saved_model.pb").write_bytes(b"garbled")
    with pytest.raises(ServingError, match="cannot be loaded"):
        run(tmp_path / "base", tmp_path / "out")


def test_a_folder_that_cannot_be_written(digits, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ServingError, match="cannot be written"):
        run(digits, tmp_path / "file" / "out")


def test_a_class_by_its_number(digits, tmp_path):
    from click.testing import CliRunner

    from serving.bulk.command import main

    arguments = [str(digits), "--out", str(tmp_path / "out"), "--count", "2", "--workers", "0"]
    done = CliRunner().invoke(main, [*arguments, "--label-index", "3"])
    assert done.exit_code == 0, done.stderr
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["labels"] == {"3": 2}
    done = CliRunner().invoke(main, [*arguments, "--label-index", "3", "--label", "3"])
    assert done.exit_code == 2 and "label: received a label and a label_index" in done.stderr


@pytest.mark.integration
def test_the_entry_of_a_cloud_job(digits, tmp_path):
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "serving.batch", str(digits), "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [*command, "--count", "5", "--label", "12"], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "serving.batch: label: 12 is out of range" in done.stderr
    assert not (tmp_path / "out").exists()
