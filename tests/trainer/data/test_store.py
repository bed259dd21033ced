import errno
import json
import os
import shutil
import time

import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading, store
from trainer.data.examples import Examples
from trainer.data.reading import Part, Row, Source, Table, labelled
from trainer.errors import ConfigError
from trainer.fields import Field


@pytest.fixture
def folder(tmp_path, save, noise):
    """A folder of twenty images in two classes, one of them corrupt."""
    for index in range(20):
        save(tmp_path / "data" / "ab"[index % 2] / f"{index}.png", noise(6, 5, 3, seed=index))
    (tmp_path / "data" / "a" / "6.png").write_bytes(b"")
    return tmp_path / "data"


def load(folder, cache_gib, **fields):
    fields = {"holdout_share": 0.2, "max_corrupt_share": 0.1, **fields}
    cache = str(folder.parent / "cache")
    return loading.load(
        Data(source=f"folder:{folder}", cache_gib=cache_gib, cache_dir=cache, **fields)
    )


def entries(folder):
    cache = folder.parent / "cache"
    return sorted(path.name for path in cache.iterdir()) if cache.exists() else []


def refuse_to_read(monkeypatch):
    def read(*_):
        raise AssertionError("the source was read again")

    monkeypatch.setattr(store, "_fill", read)


def test_files_hold_what_memory_holds(folder):
    memory, disk = load(folder, 1.0), load(folder, 0.0)
    assert isinstance(disk.train["sample"], np.memmap)
    assert not isinstance(memory.train["sample"], np.memmap)
    assert disk.spec == memory.spec
    for part in ("train", "held_out"):
        assert list(getattr(disk, part)) == ["sample", "label"]
        for name in ("sample", "label"):
            stored = getattr(disk, part)[name]
            np.testing.assert_array_equal(stored, getattr(memory, part)[name])
    assert len(memory.train) + len(memory.held_out) == 19
    assert len(entries(folder)) == 1


def test_memory_is_used_up_to_the_given_size(folder):
    labels = 8
    size = 20 * (6 * 5 * 3 + labels) / 2**30
    assert isinstance(load(folder, size * 0.99).train["sample"], np.memmap)
    assert not isinstance(load(folder, size).train["sample"], np.memmap)


def test_nothing_is_written_for_data_in_memory(folder):
    load(folder, 1.0)
    assert entries(folder) == []


def test_without_held_out_examples(folder):
    disk = load(folder, 0.0, holdout_share=0.0)
    assert disk.held_out["sample"].shape == (0, 6, 5, 3)
    assert (len(disk.train), len(disk.held_out)) == (19, 0)


def test_files_are_reused(folder, monkeypatch):
    first = load(folder, 0.0)
    refuse_to_read(monkeypatch)
    again = load(folder, 0.0)
    assert again.spec == first.spec
    np.testing.assert_array_equal(again.train["sample"], first.train["sample"])


@pytest.mark.parametrize(
    "fields",
    [
        {"size": (3, 3)},
        {"channels": 1},
        {"holdout_share": 0.3},
        {"max_corrupt_share": 0.2},
    ],
)
def test_another_policy_has_files_of_its_own(folder, fields):
    load(folder, 0.0)
    load(folder, 0.0, **fields)
    assert len(entries(folder)) == 2


def test_resize_policies_have_files_of_their_own(folder):
    for resize in ("crop", "pad", "stretch"):
        load(folder, 0.0, size=(4, 4), resize=resize)
    assert len(entries(folder)) == 3


@pytest.mark.parametrize("change", ["touch", "add", "rename"])
def test_another_source_has_files_of_its_own(folder, change):
    load(folder, 0.0)
    if change == "touch":
        os.utime(folder / "a" / "0.png", ns=(1, 1))
    elif change == "add":
        shutil.copy2(folder / "a" / "0.png", folder / "a" / "new.png")
    else:
        (folder / "a").rename(folder / "c")
    load(folder, 0.0)
    assert len(entries(folder)) == 2


@pytest.mark.parametrize("damage", ["truncate", "remove", "garble"])
def test_damaged_files_are_written_again(folder, damage):
    first = load(folder, 0.0)
    samples = np.array(first.train["sample"])
    entry = folder.parent / "cache" / entries(folder)[0]
    if damage == "truncate":
        os.truncate(entry / "train.sample", 10)
    elif damage == "remove":
        (entry / "held_out.label").unlink()
    else:
        (entry / "about.json").write_text("{")
    np.testing.assert_array_equal(load(folder, 0.0).train["sample"], samples)
    assert len(entries(folder)) == 1


def test_a_disk_without_room_is_refused_before_reading(folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 1))
    refuse_to_read(monkeypatch)
    with pytest.raises(
        ConfigError, match=r"data\.cache_dir: .*GiB.*No space left on device.*data\.cache_gib"
    ):
        load(folder, 0.0)
    assert entries(folder) == []


def test_a_disk_that_fills_up_leaves_nothing(folder, monkeypatch):
    class FullFile(store._File):
        def add(self, sample):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(store, "_File", FullFile)
    with pytest.raises(ConfigError, match=r"data\.cache_dir: .*No space left on device.*free"):
        load(folder, 0.0)
    assert entries(folder) == []


def test_a_folder_that_cannot_be_made_is_refused(folder):
    (folder.parent / "cache").write_text("a file in the way")
    with pytest.raises(ConfigError, match=r"data\.cache_dir: .*cache cannot take the"):
        load(folder, 0.0)


def test_a_source_that_fails_leaves_nothing(folder):
    for index in range(1, 20, 2):
        (folder / "b" / f"{index}.png").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"data\.max_corrupt_share"):
        load(folder, 0.0)
    assert entries(folder) == []


def test_what_a_killed_process_left_is_removed(folder):
    cache = folder.parent / "cache"
    (cache / ".old.part").mkdir(parents=True)
    (cache / ".new.part").mkdir()
    yesterday = time.time() - 2 * 24 * 3600
    os.utime(cache / ".old.part", (yesterday, yesterday))
    load(folder, 0.0)
    assert ".old.part" not in entries(folder)
    assert ".new.part" in entries(folder)


def test_the_entry_of_another_process_is_kept(folder, monkeypatch):
    """The other process publishes while this one still writes."""
    load(folder, 0.0)
    cache = folder.parent / "cache"
    ready = cache / entries(folder)[0]
    ready.rename(cache / "ready")
    write_files = store._write_files

    def write_slowly(aside, *arguments):
        write_files(aside, *arguments)
        shutil.copytree(cache / "ready", ready)
        about = json.loads((ready / "about.json").read_text())
        (ready / "about.json").write_text(json.dumps({**about, "fingerprint": "theirs"}))

    monkeypatch.setattr(store, "_write_files", write_slowly)
    assert load(folder, 0.0).spec.fingerprint == "theirs"
    assert entries(folder) == sorted(["ready", ready.name])


def test_fingerprint_covers_everything(noise, monkeypatch):
    samples, labels = noise(10, 4, 4, 1), np.arange(10)
    prints = {
        store.fingerprint(Examples.of(sample=samples, label=labels)),
        store.fingerprint(Examples.of(sample=samples)),
        store.fingerprint(Examples.of(sample=samples, label=labels[::-1])),
        store.fingerprint(Examples.of(sample=samples[::-1], label=labels)),
        store.fingerprint(Examples.of(sample=samples.reshape(10, 2, 8, 1), label=labels)),
        store.fingerprint(Examples.of(sample=samples.view(np.int8), label=labels)),
    }
    assert len(prints) == 6
    whole = store.fingerprint(Examples.of(sample=samples, label=labels))
    monkeypatch.setattr(store, "_CHUNK", 3 * samples[0].nbytes)
    assert store.fingerprint(Examples.of(sample=samples, label=labels)) == whole


def test_fingerprint_is_of_the_training_examples(folder):
    spec = load(folder, 1.0).spec
    assert spec.fingerprint == store.fingerprint(load(folder, 1.0).train)
    assert spec.fingerprint != load(folder, 1.0, holdout_share=0.3).spec.fingerprint


def two_tables(noise) -> Source:
    """A table of two fields and one of one field, with held-out rows of its own."""

    def part(count, make):
        rows = [Row(make(i), f"row {i}") for i in range(count)]
        rows.insert(1, None)
        return Part(rows, count + 1)

    def paired(i):
        label = np.array(i % 2, np.int64)
        return {"image": noise(4, 5, 3, seed=i), "sample": noise(4, 5, 1, seed=i), "label": label}

    def words(i):
        return {"words": np.full(6, i, np.int32)}

    return Source(
        tables=(Table(part(20, paired)), Table(part(8, words), part(3, words))),
        fields={"words": Field(kind="tokens", names=tuple("abcdefgh")), **labelled(("x", "y"))},
        identity={"source": "made up"},
    )


def test_several_tables_and_fields_are_stored_alike(noise, tmp_path):
    def stored(gib):
        data = Data(cache_gib=gib, cache_dir=str(tmp_path), holdout_share=0.25)
        return store.read(two_tables(noise), data)

    memory, disk = stored(1.0), stored(0.0)
    assert isinstance(disk.train["image"], np.memmap)
    assert [list(t) for t in disk.train.tables] == [["image", "sample", "label"], ["words"]]
    assert disk.fingerprint == memory.fingerprint == store.fingerprint(disk.train)
    for part, sizes in ((0, (15, 8)), (1, (5, 3))):
        for name in memory[part]:
            np.testing.assert_array_equal(memory[part][name], disk[part][name])
        assert (len(disk[part]), len(disk[part]["words"])) == sizes
    both = [row.tobytes() for part in memory[:2] for row in part["sample"]]
    assert sorted(both) == sorted(noise(4, 5, 1, seed=i).tobytes() for i in range(20))


def test_rows_of_other_fields_are_refused(noise):
    rows = [Row({"sample": noise(4)}, "one"), Row({"image": noise(4)}, "two")] * 5
    with pytest.raises(ConfigError, match=r"one has the fields sample, and two has image; give"):
        store.read(Source((Table(Part(rows, 10)),)), Data(holdout_share=0.0))


def test_the_fingerprint_covers_every_table(noise):
    table = {"a": noise(10, 3)}
    prints = {
        store.fingerprint(Examples((table,))),
        store.fingerprint(Examples((table, {"b": noise(10, 3)}))),
        store.fingerprint(Examples((table, {"b": noise(10, 3, seed=1)}))),
        store.fingerprint(Examples((table, {"b": noise(10, 3).astype(np.int32)}))),
    }
    assert len(prints) == 4
