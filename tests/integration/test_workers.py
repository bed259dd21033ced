"""Several workers train as one replica does, and end together: processes on loopback."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import checkpointed
from tests.playing import put_back_to
from trainer.config.recipe import load_experiment
from trainer.errors import RESTART
from trainer.training import train

ROOT = Path(__file__).parents[2]
TINY = (
    "network={name: mlp, units: [8], generator_normalization: batch}",
    "train.batch_size=16",
    "run.checkpoint_every=20",
    "run.log_every=20",
    "run.sample_every=1000000",
    "run.instruments_every=null",
    "run.grid=[2,10]",
    "data.flip=true",
)
SGD = tuple(
    f"optimizers.{side}={{name: sgd, learning_rate: 0.01}}"
    for side in ("generator", "discriminator")
)


def _ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def _environment(index, ports):
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    document = {"cluster": cluster, "task": {"type": "worker", "index": index}}
    return {**os.environ, "PYTHONPATH": str(ROOT), "TF_CONFIG": json.dumps(document)}


def _start(run_dir, index, ports, *overrides):
    command = [sys.executable, "-m", "trainer.cli", "train", "cgan-digits"]
    command += ["--run-dir", str(run_dir)]
    for override in (*TINY, *overrides):
        command += ["--set", override]
    return subprocess.Popen(
        command, env=_environment(index, ports), stderr=subprocess.PIPE, text=True
    )


def _started(run_dir, *overrides, count=2):
    ports = _ports(count)
    return [_start(run_dir, index, ports, *overrides) for index in range(count)]


def _ends(processes, seconds=300):
    """How they ended, in seconds of all: exit codes, and what each said last."""
    deadline = time.monotonic() + seconds
    said = [p.communicate(timeout=max(1.0, deadline - time.monotonic()))[1] for p in processes]
    return [p.returncode for p in processes], [(s.strip().splitlines() or [""])[-1] for s in said]


def _wait_for(path, processes):
    deadline = time.monotonic() + 200
    while not path.exists():
        assert all(p.poll() is None for p in processes), [p.communicate() for p in processes]
        assert time.monotonic() < deadline, "no checkpoint came"
        time.sleep(0.02)


def _alone(run_dir, *overrides):
    train(load_experiment("cgan-digits", [*TINY, *overrides]), run_dir, progress=False)
    return run_dir


def _assert_alike(one, other, tolerance):
    one, other = checkpointed(one), checkpointed(other)
    assert one.keys() == other.keys() and len(one) > 20
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=0, atol=tolerance, err_msg=name)


def test_two_workers_train_as_one_replica_and_none_outlives_the_other(tmp_path):
    processes = _started(tmp_path / "two", "train.steps=1000000", "run.keep=1000", *SGD)
    _wait_for(tmp_path / "two" / "checkpoints" / "step-20.index", processes)
    processes[1].kill()
    codes, said = _ends(processes, seconds=60)
    assert codes == [RESTART, -signal.SIGKILL]
    assert said[0].startswith("gan: One of the 2 workers is gone (")
    put_back_to(20, tmp_path / "two")
    _assert_alike(tmp_path / "two", _alone(tmp_path / "one", "train.steps=20", *SGD), 1e-6)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of two workers that nobody disturbed, under Adam."""
    run_dir = tmp_path_factory.mktemp("whole") / "run"
    assert _ends(_started(run_dir, "train.steps=80"))[0] == [0, 0]
    return run_dir


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_worker_ends_all_and_the_restarted_job_resumes_to_the_same_bits(
    victim, whole, tmp_path
):
    processes = _started(tmp_path / "run", "train.steps=80")
    _wait_for(tmp_path / "run" / "checkpoints" / "step-20.index", processes)
    processes[victim].kill()
    codes, _ = _ends(processes, seconds=60)
    assert codes[victim] == -signal.SIGKILL and codes[1 - victim] == RESTART
    assert checkpointed(tmp_path / "run")["step/.ATTRIBUTES/VARIABLE_VALUE"] < 80
    assert _ends(_started(tmp_path / "run", "train.steps=80"))[0] == [0, 0]
    _assert_alike(whole, tmp_path / "run", 0.0)
    assert (tmp_path / "run" / "metrics.jsonl").read_text().count('"step": 80') == 1


@pytest.mark.slow
def test_sigterm_to_one_worker_checkpoints_once_and_ends_all(whole, tmp_path):
    processes = _started(tmp_path / "run", "train.steps=80")
    _wait_for(tmp_path / "run" / "checkpoints" / "step-20.index", processes)
    processes[1].terminate()
    assert _ends(processes, seconds=60)[0] == [RESTART, RESTART]
    assert _ends(_started(tmp_path / "run", "train.steps=80"))[0] == [0, 0]
    _assert_alike(whole, tmp_path / "run", 0.0)


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_workers(whole, tmp_path):
    """Two, then one, then three; to within 1e-4 under Adam."""
    run_dir = tmp_path / "run"
    shutil.copytree(whole, run_dir)
    put_back_to(20, run_dir)
    _alone(run_dir, "train.steps=80", "run.time_budget_minutes=0.0001")
    assert _ends(_started(run_dir, "train.steps=80", "train.batch_size=16", count=2))[0] == [0, 0]
    _assert_alike(whole, run_dir, 1e-4)


@pytest.mark.slow
def test_a_worker_that_never_comes_up_is_named(tmp_path):
    ports = _ports(2)
    chief = _start(tmp_path / "run", 0, ports, "devices.cluster_timeout=40")
    begun = time.monotonic()
    codes, said = _ends([chief])
    assert codes == [RESTART] and time.monotonic() - begun < 70
    assert f"within 40 s (devices.cluster_timeout): worker 1 (127.0.0.1:{ports[1]})" in said[0]
    assert not (tmp_path / "run").exists()


DIFFERENCES = {
    "recipe": ("objective=hinge", r"differs from the chief in what its recipe is made of"),
    "field": ("seed=7", r"differs from the chief in seed \(here: [07]\)"),
    "data": ("data.holdout_share=0.2", r"differs from the chief in data.holdout_share"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", DIFFERENCES)
def test_workers_that_were_started_differently_all_say_so(what, tmp_path):
    override, words = DIFFERENCES[what]
    ports = _ports(2)
    processes = [_start(tmp_path / "run", 0, ports), _start(tmp_path / "run", 1, ports, override)]
    codes, said = _ends(processes)
    assert codes == [2, 2]
    for sentence in said:
        assert re.search(rf"gan: devices.cluster: worker 1 {words}", sentence), sentence
    assert not (tmp_path / "run").exists()
