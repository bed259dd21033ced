"""Bulk generation: the same bytes again, whatever happened in between."""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from serving import ServingError, UsageError, batch
from serving.batch import PlanRow, generate
from serving.exported import ExportedModel


def tree(folder):
    """Every file below a folder with its content."""
    folder = Path(folder)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def run(base, out, **options):
    options = {"count": 10, "rows_per_shard": 4, "progress": False} | options
    return generate(str(base), str(out), **options)


@pytest.fixture(scope="module")
def served(digits):
    return tf.saved_model.load(str(digits / "1")).signatures


def test_png_in_class_folders(digits, served, tmp_path):
    manifest = run(digits, tmp_path / "out", seed=100, format="png")
    files = tree(tmp_path / "out")
    assert set(files) == {"manifest.json"} | {f"{i}/0000000{i}.png" for i in range(10)}
    wanted = served["generate"](seed=tf.range(100, 110, dtype=tf.int64))["image"]
    for i in range(10):
        image = Image.open(tmp_path / "out" / f"{i}" / f"0000000{i}.png")
        np.testing.assert_array_equal(np.asarray(image), wanted[i, :, :, 0])
    assert json.loads(files["manifest.json"]) == manifest
    assert (manifest["count"], manifest["seed"], manifest["signature"]) == (10, 100, "generate_png")
    assert (manifest["internal_batch"], manifest["model_version"]) == (64, 1)
    assert [(s["first"], s["count"]) for s in manifest["shards"]] == [(0, 4), (4, 4), (8, 2)]


def test_a_label_for_all(digits, served, tmp_path):
    run(digits, tmp_path / "png", label=7)
    assert {path.parent.name for path in (tmp_path / "png").glob("*/*.png")} == {"7"}
    run(digits, tmp_path / "npz", label=7, format="npz", rows_per_shard=10)
    with np.load(tmp_path / "npz" / "samples-00000-of-00001.npz") as arrays:
        assert sorted(arrays) == ["image", "label", "seed"]
        np.testing.assert_array_equal(arrays["label"], [7] * 10)
        wanted = served["generate_conditional"](
            seed=tf.range(10, dtype=tf.int64), label=tf.fill([10], tf.constant(7, tf.int64))
        )
        np.testing.assert_array_equal(arrays["image"], wanted["image"])


def test_npz_of_points(points, tmp_path):
    manifest = run(points, tmp_path / "out", format="npz", seed=-3)
    seeds, samples = [], []
    for shard in manifest["shards"]:
        (name,) = shard["files"]
        content = (tmp_path / "out" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == shard["sha256"]
        with np.load(tmp_path / "out" / name) as arrays:
            assert sorted(arrays) == ["sample", "seed"]
            seeds.append(arrays["seed"])
            samples.append(arrays["sample"])
    np.testing.assert_array_equal(np.concatenate(seeds), np.arange(-3, 7))
    assert np.concatenate(samples).dtype == np.float32
    assert np.concatenate(samples).shape == (10, 2)


def test_tfrecord(digits, tmp_path):
    manifest = run(digits, tmp_path / "out", format="tfrecord")
    paths = [str(tmp_path / "out" / s["files"][0]) for s in manifest["shards"]]
    spec = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "shape": tf.io.FixedLenFeature([3], tf.int64),
        "dtype": tf.io.FixedLenFeature([], tf.string),
        "seed": tf.io.FixedLenFeature([], tf.int64),
        "label": tf.io.FixedLenFeature([], tf.int64),
    }
    records = tf.data.TFRecordDataset(paths).map(lambda r: tf.io.parse_single_example(r, spec))
    rows = list(records.as_numpy_iterator())
    assert [row["seed"] for row in rows] == list(range(10))
    assert [row["label"] for row in rows] == list(range(10))
    assert rows[0]["dtype"] == b"uint8"
    images = [np.frombuffer(row["image"], np.uint8).reshape(row["shape"]) for row in rows]
    run(digits, tmp_path / "npz", format="npz", rows_per_shard=10)
    with np.load(tmp_path / "npz" / "samples-00000-of-00001.npz") as arrays:
        np.testing.assert_array_equal(arrays["image"], images)


@pytest.mark.parametrize("format", ["png", "npz", "tfrecord"])
def test_repetition_gives_the_same_bytes(digits, tmp_path, format):
    for name in ("a", "b"):
        run(digits, tmp_path / name, format=format)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_archives_carry_no_time(points, tmp_path):
    run(points, tmp_path / "out", format="npz", rows_per_shard=10)
    with zipfile.ZipFile(tmp_path / "out" / "samples-00000-of-00001.npz") as archive:
        assert {info.date_time[0] for info in archive.infolist()} == {1980}


def test_shards_and_padding_do_not_change_a_sample(points, tmp_path):
    samples = []
    for rows_per_shard in (3, 64, 200):
        out = tmp_path / str(rows_per_shard)
        manifest = run(points, out, count=150, rows_per_shard=rows_per_shard, format="npz")
        parts = [np.load(out / s["files"][0])["sample"] for s in manifest["shards"]]
        samples.append(np.concatenate(parts).tobytes())
    assert samples[0] == samples[1] == samples[2]


def test_every_call_has_the_internal_batch(points, monkeypatch):
    model, sizes = ExportedModel(str(points)), []
    original = model._run
    monkeypatch.setattr(
        model, "_run", lambda s, inputs: sizes.append(len(inputs["seed"])) or original(s, inputs)
    )
    outputs = model.run("generate", {"seed": np.arange(130)})
    assert (sizes, len(outputs["sample"])) == ([64, 64, 64], 130)


@pytest.mark.parametrize("damage", ["delete", "truncate"])
@pytest.mark.parametrize("format", ["png", "npz"])
def test_a_finished_run_is_repaired(digits, tmp_path, format, damage, monkeypatch):
    manifest = run(digits, tmp_path / "out", format=format)
    before = tree(tmp_path / "out")
    lost = tmp_path / "out" / manifest["shards"][1]["files"][0]
    lost.unlink() if damage == "delete" else lost.write_bytes(b"")
    written, write = [], batch.write_shard
    monkeypatch.setattr(
        batch, "write_shard", lambda m, j, row, o: written.append(row.shard) or write(m, j, row, o)
    )
    assert run(digits, tmp_path / "out", format=format) == manifest
    assert written == [1]
    assert tree(tmp_path / "out") == before


@pytest.mark.parametrize("format", ["png", "npz", "tfrecord"])
def test_an_interrupted_run_goes_on(digits, tmp_path, format, monkeypatch):
    run(digits, tmp_path / "whole", format=format)
    out, write = tmp_path / "out", batch.write_shard

    def interrupted(model, job, row, folder):
        if row.shard == 2:
            scratch = out / ".partial" / "scratch-left"
            scratch.mkdir()
            (scratch / "half.npz").write_bytes(b"ha")
            raise KeyboardInterrupt
        return write(model, job, row, folder)

    monkeypatch.setattr(batch, "write_shard", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(digits, out, format=format)
    assert not (out / "manifest.json").exists()
    monkeypatch.setattr(batch, "write_shard", write)
    run(digits, out, format=format)
    assert tree(out) == tree(tmp_path / "whole")


def test_no_manifest_while_a_shard_is_missing(digits, tmp_path, monkeypatch):
    out = tmp_path / "out"
    manifest = run(digits, out, format="npz")
    (out / manifest["shards"][0]["files"][0]).unlink()

    def fail(*_):
        raise ServingError("stop")

    monkeypatch.setattr(batch, "write_shard", fail)
    with pytest.raises(ServingError):
        run(digits, out, format="npz")
    assert not (out / "manifest.json").exists()


def test_a_failing_model_leaves_nothing_half_written(digits, tmp_path, monkeypatch):
    def fail(self, signature, inputs):
        raise ServingError("out of memory")

    monkeypatch.setattr(ExportedModel, "run", fail)
    with pytest.raises(ServingError, match="out of memory"):
        run(digits, tmp_path / "out")
    assert set(tree(tmp_path / "out")) == {".partial/plan.json"}
    assert not list((tmp_path / "out").rglob("scratch-*"))


def test_the_plan(digits):
    job = batch.Job(1, 10, 0, None, "npz", "generate", 64, 4, 1, "")
    assert batch.plan(job) == [PlanRow(0, 0, 4), PlanRow(1, 4, 4), PlanRow(2, 8, 2)]


@pytest.mark.parametrize(
    ("model", "options", "text"),
    [
        ("digits", {"count": 0}, "count: received 0; expected 1 or more"),
        ("digits", {"rows_per_shard": 0}, "rows_per_shard: received 0"),
        ("digits", {"seed": 2**63 - 5}, "seed: 9223372036854775803 + 10 samples do not fit"),
        ("digits", {"format": "gif"}, "format: received 'gif'; expected one of png, npz, tfrecord"),
        ("digits", {"label": 10}, "label: 10 is out of range; this model accepts 0 to 9"),
        ("digits", {"label": -1}, "label: -1 is out of range"),
        ("digits", {"version": 9}, "version: 9 is not in"),
        ("points", {"label": 1, "format": "npz"}, "label: the model is not conditional"),
        (
            "points",
            {"format": "png"},
            "format: the samples of this model are no PNG images; use 'npz'",
        ),
    ],
)
def test_bad_arguments(request, tmp_path, model, options, text):
    with pytest.raises(UsageError) as caught:
        run(request.getfixturevalue(model), tmp_path / "out", **options)
    assert text in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_missing_model(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        run(tmp_path / "no", tmp_path / "out")


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"count": 11}, {"format": "npz"}, {"label": 3}, {"rows_per_shard": 5}]
)
def test_another_run_is_not_overwritten(digits, tmp_path, change):
    run(digits, tmp_path / "out")
    before = tree(tmp_path / "out")
    (key,) = change
    with pytest.raises(UsageError, match=f"holds another run \\({key} "):
        run(digits, tmp_path / "out", **change)
    assert tree(tmp_path / "out") == before


def test_another_export_is_another_run(digits, points, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(digits / "1", base / "1")
    run(base, tmp_path / "out", format="npz")
    shutil.rmtree(base / "1")
    shutil.copytree(points / "1", base / "1")
    with pytest.raises(UsageError, match=r"holds another run .model_fingerprint"):
        run(base, tmp_path / "out", format="npz")


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
