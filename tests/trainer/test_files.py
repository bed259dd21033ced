import os
import stat
import time

import pytest
import tensorflow as tf

from trainer.files import is_remote, published_folder, reason_of, write_atomically


def test_a_file_is_replaced_whole_or_kept(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(str(path), b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(os, "replace", fail)
        write_atomically(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    write_atomically(str(path), b"new")
    assert path.read_bytes() == b"new"


def test_a_folder_appears_when_it_is_whole(tmp_path):
    target = tmp_path / "models" / "1"
    with published_folder(str(target), marker="done") as folder:
        with open(os.path.join(folder, "done"), "w") as file:
            file.write("1")
        assert not target.exists()
    assert (target / "done").read_text() == "1"
    assert [p.name for p in target.parent.iterdir()] == ["1"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o755


def test_a_folder_whose_writing_fails_never_appears(tmp_path):
    with pytest.raises(RuntimeError), published_folder(str(tmp_path / "1"), marker="done"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_what_killed_processes_left_goes_after_a_day(tmp_path):
    for name in (".old.part", ".new.part"):
        (tmp_path / name).mkdir()
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(tmp_path / ".old.part", (long_ago, long_ago))
    with published_folder(str(tmp_path / "1"), marker="done"):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == [".new.part", "1"]


@pytest.mark.parametrize(
    ("path", "remote"), [("gs://bucket/a", True), ("/a/b", False), ("a", False)]
)
def test_object_stores_are_known_by_their_scheme(path, remote):
    assert is_remote(path) is remote


def test_the_reason_of_a_failure_is_whole_and_without_tensorflows_own_address():
    path = "/mnt/" + 30 * "very-long-folder/"
    text = "No space left on\ndevice [[{{node save}}]] [Op:SaveV2] name: "
    error = tf.errors.ResourceExhaustedError(None, None, f"{path}step-8.data-00000: {text}")
    assert reason_of(error) == f"{path}step-8.data-00000: No space left on device"
    assert reason_of(OSError(28, "No space left on device", path)) == "No space left on device"
    assert reason_of(ValueError("odd  [1] value")) == "odd [1] value"
