"""Invariant 1: a killed run goes on as if nothing had happened, bit for bit."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import checkpointed

ROOT = Path(__file__).parents[2]
OVERRIDES = (
    "network={name: mlp, units: [8], generator_normalization: batch}",
    "train.batch_size=16",
    "train.steps=80",
    "data.flip=true",
    "run.checkpoint_every=20",
    "run.log_every=20",
    "run.sample_every=1000",
    "optimizers.generator.schedule={name: linear, steps: 70}",
)


def _start(run_dir):
    command = [sys.executable, "-m", "trainer.cli", "train", "cgan-digits"]
    command += ["--run-dir", str(run_dir)]
    for override in OVERRIDES:
        command += ["--set", override]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def _finish(process):
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def _wait_for(path, process):
    deadline = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None and time.monotonic() < deadline, "no checkpoint came"
        time.sleep(0.01)


def _assert_same(one, other):
    one, other = checkpointed(one), checkpointed(other)
    assert one.keys() == other.keys() and len(one) > 20
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nobody disturbed."""
    run_dir = tmp_path_factory.mktemp("whole") / "run"
    _finish(_start(run_dir))
    return run_dir


def test_a_run_killed_anywhere_resumes_to_the_same_bits(whole, tmp_path):
    killed = tmp_path / "killed"
    process = _start(killed)
    _wait_for(killed / "checkpoints" / "step-40.index", process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    _finish(_start(killed))
    _assert_same(whole, killed)
    assert (killed / "metrics.jsonl").read_text().count('"step": 80') == 1
    assert len((killed / "environment.jsonl").read_text().splitlines()) == 2


def test_sigterm_checkpoints_and_the_same_command_goes_on(whole, tmp_path):
    stopped = tmp_path / "stopped"
    process = _start(stopped)
    _wait_for(stopped / "checkpoints" / "step-20.index", process)
    process.send_signal(signal.SIGTERM)
    _finish(process)
    _finish(_start(stopped))
    _assert_same(whole, stopped)
