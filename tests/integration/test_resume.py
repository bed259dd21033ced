"""Invariant 1: a killed run goes on as if nothing had happened, bit for bit."""

import os
import signal

import pytest

from tests import processes
from tests.conftest import assert_same, checkpointed
from trainer.cli import main

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


def _gan(*arguments):
    main(arguments)


def _start(run_dir):
    settings = [f"--set={override}" for override in OVERRIDES]
    return processes.start(_gan, "train", "cgan-digits", "--run-dir", str(run_dir), *settings)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nobody disturbed."""
    run_dir = tmp_path_factory.mktemp("whole") / "run"
    processes.finish(_start(run_dir))
    assert len(checkpointed(run_dir)) > 20
    return run_dir


def test_a_run_killed_anywhere_resumes_to_the_same_bits(whole, tmp_path):
    killed = tmp_path / "killed"
    process = _start(killed)
    processes.wait_for(killed / "checkpoints" / "step-40.index", process)
    processes.kill(process)
    processes.finish(_start(killed))
    assert_same(checkpointed(whole), checkpointed(killed))
    assert (killed / "metrics.jsonl").read_text().count('"step": 80') == 1
    assert len((killed / "environment.jsonl").read_text().splitlines()) == 2


def test_sigterm_checkpoints_and_the_same_command_goes_on(whole, tmp_path):
    stopped = tmp_path / "stopped"
    process = _start(stopped)
    processes.wait_for(stopped / "checkpoints" / "step-20.index", process)
    os.kill(process.pid, signal.SIGTERM)
    processes.finish(process)
    processes.finish(_start(stopped))
    assert_same(checkpointed(whole), checkpointed(stopped))
