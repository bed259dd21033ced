"""A second look finds whatever has changed."""

import json

import pytest

from serving import UsageError
from serving.batch import verify
from serving.bulk.hardware import kind
from tests.serving.bulk.conftest import ARRAY_FORMATS, run


def look(out, model=None, **options):
    return verify(str(out), model and str(model), progress=False, **options)


@pytest.mark.parametrize("format", ARRAY_FORMATS)
def test_a_sound_output(digits, tmp_path, format):
    run(digits, tmp_path, format=format, count=70, rows_per_shard=30)
    verdict = look(tmp_path, digits, share=1.0)
    assert verdict.ok, verdict.problems
    assert (verdict.shards, verdict.samples, verdict.remade) == (3, 70, 70)
    assert verdict.largest_difference == 0.0
    assert "70 made again are the same to the bit" in verdict.text


def test_one_percent_is_at_least_one_shard(digits, tmp_path):
    run(digits, tmp_path)
    assert look(tmp_path, digits).remade in (2, 4)
    assert look(tmp_path).remade == 0


@pytest.mark.parametrize("options", [
    {"min_realism": 180.0}, {"per_class": 1, "min_realism": 2.1}, {"best_of": 40},
    {"proportions": {"3": 0.5, "4": 0.5}}, {"interpolate": [(1, 2)], "label": 3},
], ids=lambda options: " ".join(options))  # fmt: skip
def test_every_plan_can_be_made_again(digits, tmp_path, options):
    run(digits, tmp_path, **options)
    verdict = look(tmp_path, digits, share=1.0)
    assert verdict.ok, verdict.problems
    assert verdict.remade == verdict.samples


def test_what_changed_is_named(digits, tmp_path):
    manifest = run(digits, tmp_path, format="tfrecord")
    first, second, _ = (tmp_path / shard["files"][0] for shard in manifest["shards"])
    content = bytearray(first.read_bytes())
    content[-10] ^= 1
    first.write_bytes(content)
    second.unlink()
    (tmp_path / "features.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("mine")
    verdict = look(tmp_path, digits, share=1.0)
    assert not verdict.ok
    assert verdict.problems == [
        f"{first.name}: its content has changed",
        f"{second.name}: it is missing",
        "features.json: its content has changed",
        "notes.txt: the manifest does not name it",
    ]
    assert verdict.text.endswith("and 1 more")
    run(digits, tmp_path, format="tfrecord")
    (tmp_path / ".lock").write_text("{}")  # as a driver leaves it that was killed at its very end
    assert look(tmp_path).problems == ["notes.txt: the manifest does not name it"]


def test_of_many_files_those_that_changed_are_named(digits, tmp_path):
    manifest = run(digits, tmp_path, format="png", count=20, rows_per_shard=10)
    names = [name for shard in manifest["shards"] for name in shard["files"]]
    (tmp_path / names[3]).unlink()
    (tmp_path / names[5]).write_bytes((tmp_path / names[6]).read_bytes())
    (tmp_path / names[17]).write_bytes(b"")
    assert look(tmp_path).problems == [
        f"{names[3]}: it is missing",
        f"{names[5]}: its content has changed",
        f"{names[17]}: its content has changed",
    ]


def edited(folder, change):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_another_kind_of_processor_may_differ_by_one_level(digits, tmp_path):
    """An output that claims other seeds' neighbours: one level off, here and there."""
    import hashlib

    import numpy as np

    def shifted(out, levels):
        manifest = run(digits, out)
        name = manifest["shards"][0]["files"][0]
        with np.load(out / name) as arrays:
            content = dict(arrays)
        content["image"] = content["image"] ^ np.uint8(levels)
        np.savez(out / name, **content)
        digest = hashlib.sha256((out / name).read_bytes()).hexdigest()
        return lambda m: m["shards"][0].update(sha256=digest)

    def elsewhere(manifest):
        manifest["hardware"] = ["another kind"]
        manifest["shards"][0]["hardware"] = "another kind"

    change = shifted(tmp_path / "a", 1)
    edited(tmp_path / "a", change)
    (problem,) = look(tmp_path / "a", digits, share=1.0).problems
    assert "differ by 1; 0 is allowed" in problem
    edited(tmp_path / "a", elsewhere)
    verdict = look(tmp_path / "a", digits, share=1.0)
    assert verdict.ok, verdict.problems
    assert f"within 1: they were written on another kind and compared on {kind()}" in verdict.text
    change = shifted(tmp_path / "b", 2)
    edited(tmp_path / "b", change)
    edited(tmp_path / "b", elsewhere)
    (problem,) = look(tmp_path / "b", digits, share=1.0).problems
    assert "differ by 2; 1 is allowed" in problem


def test_what_cannot_be_verified(digits, points, tmp_path):
    with pytest.raises(UsageError, match="holds no output of `gan generate`"):
        look(tmp_path / "nowhere")
    run(digits, tmp_path / "out")
    with pytest.raises(UsageError, match="is not the export that made"):
        look(tmp_path / "out", points)
    with pytest.raises(UsageError, match="share: received 0"):
        look(tmp_path / "out", digits, share=0.0)
    manifest = (tmp_path / "out" / "manifest.json").rename(tmp_path / "out" / "x")
    for content in (None, "[1]", '{"name": "an app"}', "no JSON"):
        if content is not None:
            (tmp_path / "out" / "manifest.json").write_text(content)
        with pytest.raises(UsageError, match=r"holds no output .*; pass the folder that its --out"):
            look(tmp_path / "out")
    with pytest.raises(UsageError, match="holds no output of `gan generate`"):
        look(manifest)
