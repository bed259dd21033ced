"""A worker's start is bounded and its end told, with little programs in TensorFlow's place."""

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from trainer.config.experiment import Devices
from trainer.errors import RESTART, ConfigError
from trainer.run.supervisor import Supervised, take_over

ROOT = Path(__file__).parents[3]
BEGIN = """
import os, sys, time
from trainer.config.experiment import Devices
from trainer.run.supervisor import Supervised, take_over
print(os.getpid())
take_over(Devices(cluster_timeout={seconds}))
"""
# What a worker does when all are there.
UP = "Supervised().report_up()\n"


@pytest.fixture
def cluster(monkeypatch):
    """An environment in which this process is the first of two workers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        addresses = [f"127.0.0.1:{free.getsockname()[1]}", "127.0.0.1:1"]
    place = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(place))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def supervised(cluster):
    """Supervises a program, and returns how it ended."""

    def run(program, seconds=60.0):
        line = [sys.executable, "-c", BEGIN.format(seconds=seconds) + program]
        return subprocess.run(line, capture_output=True, text=True, timeout=200)

    return run


def test_a_process_alone_is_left_alone(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert not take_over(Devices())
    Supervised().report_up()


def test_a_program_goes_on_where_it_was_and_all_of_it_once(supervised):
    program = (
        "first = os.getpid()\n"
        "assert take_over(Devices())  # Once more, as by a second training.\n"
        f"{UP}{UP}"
        "print(first == os.getpid(), os.getpid())\n"
    )
    ended = supervised(program)
    before, same, after = ended.stdout.split()
    assert same == "True" and before != after
    assert ended.returncode == 0 and not ended.stderr


def test_a_program_with_threads_is_told_what_to_do(cluster):
    go = threading.Event()
    other = threading.Thread(target=go.wait, name="plotter")
    other.start()
    try:
        with pytest.raises(ConfigError, match=r"threads \(.*plotter.*python -m trainer\.task"):
            take_over(Devices())
    finally:
        go.set()
        other.join()


def test_a_worker_that_waits_too_long_is_ended_and_who_is_missing_named(supervised):
    ended = supervised("time.sleep(600)", seconds=0.3)
    assert ended.returncode == RESTART
    said = ended.stderr
    assert "2 workers did not find one another within 0.3 s (devices.cluster_timeout)" in said
    assert "worker 1 (127.0.0.1:1) did not come up" in said


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("raise SystemExit(2)", 2),
        (f"{UP}time.sleep(0.5)\nraise SystemExit(7)", 7),
        (f"{UP}os.kill(os.getpid(), 9)", 137),
        (f"{UP}os.kill(os.getpid(), 15)", RESTART),
        (f"{UP}os.abort()", RESTART),
    ],
)
def test_the_end_of_a_worker_is_that_of_the_command(supervised, program, code):
    ended = supervised(program)
    assert ended.returncode == code
    assert ("TensorFlow ended this worker (SIGABRT)" in ended.stderr) == ("abort" in program)


def test_sigterm_reaches_the_worker(supervised):
    program = (
        f"{UP}import signal\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
        "os.kill(os.getppid(), signal.SIGTERM)\n"
        "time.sleep(60)\n"
    )
    assert supervised(program).returncode == 5


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_worker_ends_with_its_supervisor(supervised):
    # As TensorFlow does, it holds the interpreter while it waits: no other thread runs.
    program = f"{UP}import ctypes\nos.kill(os.getppid(), 9)\nctypes.PyDLL(None).sleep(600)\n"
    # Which returns once nobody can write to its output any more.
    assert supervised(program).returncode == -9
