"""Versions that load leave the processors to requests."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from serving.server.background import call
from serving.server.model_config import ModelConfig
from serving.server.models import load_version
from serving.server.registry import Registry

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority there")


def niceness():
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def low_threads():
    """Names of this process's threads that are nicer than this one."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        try:
            if os.getpriority(os.PRIO_PROCESS, int(task.name)) > niceness():
                found.append((task / "comm").read_text().strip())
        except (ProcessLookupError, FileNotFoundError):
            continue  # it has just ended
    return found


def test_a_call_in_the_background_is_nicer_and_the_caller_as_before():
    usual = niceness()
    assert call(niceness, background=False) == usual
    assert call(niceness, background=True) == max(usual, 10)
    assert niceness() == usual


def test_what_a_call_in_the_background_raises_comes_out():
    with pytest.raises(ValueError, match="invalid literal"):
        call(int, "x", background=True)


def test_what_a_version_keeps_has_the_usual_priority(half_plus_two):
    """Threads that TensorFlow needs for optimising a graph only end a moment later."""
    runtime = load_version(str(half_plus_two / "123"), background=True)
    deadline = time.monotonic() + 30
    while low_threads() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert low_threads() == []
    runtime.close()


def test_versions_load_in_the_background_once_something_is_served(half_plus_two, tmp_path):
    loads = []

    def load(path, *, background):
        loads.append((Path(path).parent.name, background))
        return load_version(path)

    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        os.symlink(half_plus_two / "123", tmp_path / name / "1")
    configs = [ModelConfig(name, str(tmp_path / name)) for name in ("one", "two", "three")]
    registry = Registry([], load)
    registry.apply(configs[:2])
    os.symlink(half_plus_two / "123", tmp_path / "one" / "2")
    registry.refresh()
    registry.apply(configs)
    registry.close()
    assert loads == [("one", False), ("two", False), ("one", True), ("three", True)]


def test_where_priorities_are_forbidden_versions_load_all_the_same(half_plus_two, monkeypatch):
    def forbidden(*_):
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", forbidden)
    load_version(str(half_plus_two / "123"), background=True).close()
