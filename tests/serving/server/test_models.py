"""Versions that come, go and break, while requests are under way."""

import shutil
import threading

import pytest

from serving.server.model_config import ModelConfig
from serving.server.models import Model, State, load_version
from serving.server.registry import Registry, Watch
from serving.server.status import Code, StatusError


class FakeRuntime:
    def __init__(self):
        self.closed = False

    def close(self):
        self.closed = True


@pytest.fixture
def base(tmp_path):
    return tmp_path


def add(base, version, content=b"ok"):
    (base / version).mkdir(exist_ok=True)
    (base / version / "saved_model.pb").write_bytes(content)


@pytest.fixture
def model(base):
    def load(path):
        with open(f"{path}/saved_model.pb", "rb") as file:
            if file.read() == b"broken":
                raise StatusError(Code.DATA_LOSS, "garbled")
        return FakeRuntime()

    return Model(ModelConfig("m", str(base)), load)


def current(model):
    with model.lease() as servable:
        return servable.version


def states(model):
    return {status.version: status.state for status in model.statuses()}


def test_the_newest_whole_version_answers(base, model):
    add(base, "2")
    add(base, "0010")
    (base / "11").mkdir()
    add(base, "best")
    add(base, "-3")
    model.refresh()
    assert current(model) == 10
    assert states(model) == {10: State.AVAILABLE}


def test_no_version_at_all(model):
    model.refresh()
    assert not model.available
    with pytest.raises(StatusError, match=r"Latest\(m\)"):
        current(model)


def test_requests_under_way_keep_the_old_version(base, model):
    add(base, "1")
    model.refresh()
    with model.lease() as old:
        add(base, "2")
        model.refresh()
        assert current(model) == 2
        assert not old.runtime.closed
        assert states(model) == {1: State.UNLOADING, 2: State.AVAILABLE}
        with pytest.raises(StatusError, match=r"Specific\(m, 1\)"), model.lease(1):
            pass
    assert old.runtime.closed
    assert states(model) == {1: State.END, 2: State.AVAILABLE}


def test_a_broken_version_is_reported_and_the_previous_serves(base, model):
    add(base, "1")
    model.refresh()
    add(base, "2", b"broken")
    model.refresh()
    assert current(model) == 1
    broken, works = model.statuses()  # the newest first
    assert (works.version, works.state) == (1, State.AVAILABLE)
    assert (broken.version, broken.state) == (2, State.END)
    assert (broken.error_code, broken.error_message) == (Code.DATA_LOSS, "garbled")


def test_a_broken_version_is_tried_again_once_it_changed(base, model):
    add(base, "1", b"broken")
    model.refresh()
    loads = []
    load, model._load = model._load, lambda path: loads.append(path) or load(path)
    model.refresh()
    assert loads == []
    add(base, "1", b"repaired")
    model.refresh()
    assert current(model) == 1
    assert model.statuses()[0].error_code == Code.OK


def test_a_version_that_disappears(base, model):
    add(base, "1")
    add(base, "2")
    model.refresh()
    (base / "2").rename(base / "aside")
    model.refresh()
    assert current(model) == 1
    shutil.rmtree(base / "1")
    model.refresh()
    assert current(model) == 1


def test_a_version_that_comes_back_is_available(base, model):
    add(base, "1")
    model.refresh()
    with model.lease() as held:
        add(base, "2")
        model.refresh()
        shutil.rmtree(base / "2")
        model.refresh()
    assert held.runtime.closed
    assert states(model)[1] == State.AVAILABLE
    assert current(model) == 1


@pytest.mark.parametrize("file", ["saved_model.pb", "variables/variables.data-00000-of-00001"])
def test_truncated_exports_do_not_load(half_plus_two, tmp_path, file):
    export = shutil.copytree(half_plus_two / "123", tmp_path / "1")
    content = (export / file).read_bytes()
    (export / file).write_bytes(content[: len(content) // 2])
    with pytest.raises(StatusError) as caught:
        load_version(str(export))
    assert caught.value.text


def test_a_file_system_that_fails_is_said_once(base, model, monkeypatch, caplog):
    registry = Registry([])
    registry.models["m"] = model
    failing = [OSError(24, "Too many open files")] * 5 + [None, OSError(5, "Input/output error")]

    def refresh():
        error = failing.pop(0)
        if error is not None:
            raise error

    monkeypatch.setattr(model, "refresh", refresh)
    for _ in range(7):
        registry.refresh()
    assert [record.exc_info for record in caplog.records] == [False] * 2
    assert "Too many open files" in caplog.messages[0] and "Input/output" in caplog.messages[1]


def test_a_watch_says_the_same_once(caplog):
    rounds = threading.Semaphore(0)

    def act():
        rounds.release()
        raise ValueError("model_config_file: cannot be read")

    watch = Watch("models", 0.001, act)
    watch.start()
    for _ in range(5):
        assert rounds.acquire(timeout=10)
    watch.stop()
    assert caplog.messages == ["models: model_config_file: cannot be read"]
