"""One driver at a time works in a folder; a killed one stands in nobody's way."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving import ServingError, UsageError, lock
from serving.bulk.shard import ShardWriter
from tests.serving.bulk.conftest import data, run, tree

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.integration
def test_a_second_driver_is_told_who_is_at_work(digits, tmp_path):
    out = tmp_path / "out"
    command = [
        sys.executable, "-m", "serving.batch", str(digits), "--out", str(out), "--format", "npz",
        "--count", "400000", "--rows-per-shard", "4000", "--batch-size", "64", "--workers", "0",
    ]  # fmt: skip
    options = {"count": 400_000, "rows_per_shard": 4000, "batch_size": 64}
    driver = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        while driver.poll() is None and not (out / ".partial" / "plan.json").exists():
            time.sleep(0.01)
        since = time.strftime("%Y-%m-%d", time.gmtime())
        words = (
            f"'{re.escape(str(out))}' is in use .by process {driver.pid} on .* since {since} .* UTC"
        )
        with pytest.raises(UsageError, match=rf"out: {words}\); wait for it, end it"):
            run(digits, out, **options)
        with pytest.raises(UsageError, match=words):
            run(digits, out, count=5)
        assert driver.poll() is None
    finally:
        driver.kill()
        driver.wait()
    # Its lock file is there, and locks nothing: the same plan goes on, another one is refused.
    assert (out / ".lock").exists()
    with pytest.raises(UsageError, match=r"holds another run \(count 400000, now 5\)"):
        run(digits, out, count=5)


def test_what_a_killed_driver_leaves_does_not_block(digits, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".lock").write_text('{"process": 1, "host": "gone", "since": "1970"}')
    run(digits, tmp_path / "out")
    run(digits, tmp_path / "whole")
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
    assert not (tmp_path / "out" / ".lock").exists()


@pytest.mark.parametrize("selection", [{}, {"best_of": 20}], ids=["one pass", "two passes"])
def test_both_passes_hold_it(digits, tmp_path, selection, monkeypatch):
    def second(self, row):
        with pytest.raises(UsageError, match=f"in use .by process {os.getpid()} on"):
            run(digits, tmp_path / "out", **selection)
        raise ServingError("stop")

    with monkeypatch.context() as patch:
        patch.setattr(ShardWriter, "write_shard", second)
        with pytest.raises(ServingError, match="stop"):
            run(digits, tmp_path / "out", **selection)
    assert not (tmp_path / "out" / ".lock").exists()
    run(digits, tmp_path / "out", **selection)
    run(digits, tmp_path / "whole", **selection)
    assert data(tmp_path / "out") == data(tmp_path / "whole")


def test_a_holder_that_has_not_signed_yet(tmp_path):
    path = tmp_path / "lock"
    with lock.held(str(path)):
        path.write_text("")
        with pytest.raises(lock.HeldError, match="by another process that has just begun"):
            lock.held(str(path)).__enter__()


def test_a_lock_that_was_removed_while_it_was_opened_is_opened_again(tmp_path, monkeypatch):
    path, opened = tmp_path / "lock", []
    flock = lock.fcntl.flock

    def removed(file, operation):
        opened.append(file)
        if len(opened) == 1:
            path.unlink()
        flock(file, operation)

    monkeypatch.setattr(lock.fcntl, "flock", removed)
    with lock.held(str(path)):
        assert len(opened) == 2 and path.exists()


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def unknown(*_):
        raise OSError(lock.errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(lock.fcntl, "flock", unknown)
    with lock.held(str(tmp_path / "lock")), lock.held(str(tmp_path / "lock")):
        pass
