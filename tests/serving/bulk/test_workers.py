"""Worker processes: the same bytes by one or two of them, and whatever ends in between."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving import ServingError, UsageError
from serving.batch import ExecutionOptions, verify
from serving.bulk import workers
from serving.bulk.job import ShardSpec
from tests.serving.bulk.conftest import data, run

ROOT = Path(__file__).resolve().parents[3]


def children():
    """Worker processes of this one."""
    found = []
    for tasks in Path("/proc/self/task").iterdir():
        for pid in (tasks / "children").read_text().split():
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"serving.bulk.worker" in command:
                found.append(int(pid))
    return found


@pytest.mark.integration
def test_two_workers_write_the_same_bytes_also_when_one_is_killed(digits, tmp_path, monkeypatch):
    run(digits, tmp_path / "here", count=60)
    killed, original = [], workers._check

    def check(answer):
        if not killed:
            killed.extend(children()[:1])
            os.kill(killed[0], signal.SIGKILL)
        return original(answer)

    monkeypatch.setattr(workers, "_check", check)
    manifest = run(
        digits, tmp_path / "out", count=60, execution=ExecutionOptions(workers=2, progress=False)
    )
    assert killed
    assert data(tmp_path / "out") == data(tmp_path / "here")
    assert {shard["hardware"].split(", ")[-1] for shard in manifest["shards"]} == {"1 thread"}
    assert children() == []
    verdict = verify(str(tmp_path / "out"), str(digits), share=1.0, progress=False)
    assert verdict.ok and verdict.largest_difference == 0


@pytest.mark.integration
def test_a_worker_that_fails_says_why(digits, tmp_path, monkeypatch):
    with pytest.raises(ServingError, match=r"kept 0 of .*; choose a lower bound"):
        run(
            digits, tmp_path, min_realism=1e9, execution=ExecutionOptions(workers=1, progress=False)
        )
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ServingError, match="Two workers ended while they wrote shard 00000"):
        run(digits, tmp_path / "out", execution=ExecutionOptions(workers=1, progress=False))
    assert children() == []


def test_how_many_workers():
    rows = [ShardSpec(i, 9, i, 10_000) for i in range(9)]
    assert workers.num_workers(0, rows, alone=False) == 0
    assert workers.num_workers(20, rows, alone=True) == 9
    assert 1 <= workers.num_workers(None, rows, alone=True) <= os.cpu_count()
    assert workers.num_workers(None, rows[:1], alone=True) == 1
    small = [ShardSpec(0, 1, 0, 10)]
    assert workers.num_workers(None, small, alone=True) == 0
    assert workers.num_workers(None, small, alone=False) == 1
    with pytest.raises(UsageError, match="workers: received -1"):
        workers.num_workers(-1, rows, alone=True)


@pytest.mark.integration
def test_a_run_killed_at_any_moment_goes_on(digits, tmp_path):
    """SIGKILL of the job, twice, at moments of chance; then the same command once more."""
    options = {"count": 6000, "rows_per_shard": 200, "format": "png"}
    command = [
        sys.executable, "-m", "serving.batch", str(digits), "--out", str(tmp_path / "out"),
        "--count", "6000", "--rows-per-shard", "200", "--workers", "0",
    ]  # fmt: skip
    moments = random.Random(time.time_ns())
    for _ in range(2):
        job = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        before = len(list((tmp_path / "out").glob(".partial/*.json")))
        while job.poll() is None and (
            len(list((tmp_path / "out").glob(".partial/*.json"))) < before + 2
        ):
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.5))
        job.kill()
        job.wait()
    run(digits, tmp_path / "out", **options)
    run(digits, tmp_path / "whole", **options)
    assert data(tmp_path / "out") == data(tmp_path / "whole")
    assert verify(str(tmp_path / "out"), progress=False).ok


@pytest.mark.integration
@pytest.mark.parametrize("count", ["0", "2"])
def test_ctrl_c_ends_in_a_sentence_and_the_same_command_goes_on(digits, tmp_path, count):
    """The terminal sends the signal to every process of its foreground group."""
    out = tmp_path / "out"
    options = {"count": 400_000, "rows_per_shard": 500, "batch_size": 64}
    job = subprocess.Popen(
        [
            sys.executable, "-m", "trainer.cli", "generate", str(digits), "--out", str(out),
            "--count", "400000", "--rows-per-shard", "500", "--batch-size", "64",
            "--format", "npz", "--workers", count,
        ],
        cwd=ROOT, stderr=subprocess.PIPE, text=True, process_group=0,
        # What starts in the background of a shell inherits that the signal is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    with job:
        while job.poll() is None and len(list(out.glob(".partial/*-of-*.json"))) < 2:
            time.sleep(0.01)
        os.killpg(job.pid, signal.SIGINT)
        lines = job.communicate(timeout=30)[1].strip().splitlines()
    assert re.fullmatch(
        rf"gan: Interrupted: \d+ of 800 shards are written to '{out}'; the same command again goes "
        "on from there.",
        lines[-1],
    )
    assert job.returncode == 130 and "Traceback" not in "".join(lines)
    with pytest.raises(UsageError, match="holds another run"):  # it is taken for what it is
        run(digits, out, **options | {"seed": 1})


def test_an_interruption_before_the_first_shard(digits, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(workers, "map_here", interrupted)
    with pytest.raises(KeyboardInterrupt, match="before the first shard was written"):
        run(digits, tmp_path / "out")
