"""A worker's start is bounded and its end told, with little programs in TensorFlow's place."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from trainer.config.experiment import Devices
from trainer.errors import RESTART
from trainer.run.supervisor import Supervised, take_over

ROOT = Path(__file__).parents[3]
# What a worker does when all are there.
UP = (
    "import os, socket, time\n"
    "socket.socket(fileno=int(os.environ['SADDLEPOINT_SUPERVISOR'])).sendall(b'up')\n"
)


@pytest.fixture
def supervised(monkeypatch):
    """Supervises a program, and returns the exit code."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        addresses = [f"127.0.0.1:{free.getsockname()[1]}", "127.0.0.1:1"]
    place = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(place))

    def run(program, seconds=60.0):
        monkeypatch.setattr(sys, "orig_argv", [sys.executable, "-c", program])
        with pytest.raises(SystemExit) as end:
            take_over(Devices(cluster_timeout=seconds))
        return end.value.code

    return run


def test_a_process_alone_is_left_alone(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert not take_over(Devices())
    Supervised().report_up()


def test_a_worker_that_waits_too_long_is_ended_and_who_is_missing_named(supervised, capfd):
    assert supervised("import time; time.sleep(600)", seconds=0.3) == RESTART
    said = capfd.readouterr().err
    assert "2 workers did not find one another within 0.3 s (devices.cluster_timeout)" in said
    assert "worker 1 (127.0.0.1:1) did not come up" in said


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("raise SystemExit(2)", 2),
        (f"{UP}time.sleep(0.5)\nraise SystemExit(7)", 7),
        (f"{UP}os.kill(os.getpid(), 9)", 137),
        (f"{UP}os.abort()", RESTART),
    ],
)
def test_the_end_of_a_worker_is_that_of_the_command(supervised, program, code, capfd):
    assert supervised(program, seconds=30.0) == code
    assert ("TensorFlow ended this worker (SIGABRT)" in capfd.readouterr().err) == (code == RESTART)


def test_sigterm_reaches_the_worker(supervised):
    program = (
        f"{UP}import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
        "time.sleep(1)  # The supervisor has begun to hand signals on.\n"
        "os.kill(os.getppid(), signal.SIGTERM)\n"
        "time.sleep(60)\n"
    )
    assert supervised(program) == 5


def test_a_worker_ends_with_its_supervisor():
    ours, theirs = socket.socketpair()
    program = "from trainer.run.supervisor import Supervised; Supervised().report_up()\n"
    environment = {**os.environ, "SADDLEPOINT_SUPERVISOR": str(theirs.fileno())}
    worker = subprocess.Popen(
        [sys.executable, "-c", f"{program}import time; time.sleep(600)"],
        cwd=ROOT,
        env=environment,
        pass_fds=[theirs.fileno()],
    )
    theirs.close()
    with ours:
        assert ours.recv(2) == b"up"
    assert worker.wait(30) == RESTART
