"""The demo where it ends early; `tests/integration/test_demo.py` goes the whole way."""

import pytest

from trainer import demo
from trainer.errors import RunError
from trainer.run.summary import Summary


def test_a_demo_that_is_told_to_stop_does_not_go_on_with_what_it_has(tmp_path, monkeypatch):
    stopped = Summary("run", 0, 7, "signal", 1.0, None)
    monkeypatch.setattr(demo, "train", lambda *_, **__: stopped)
    with pytest.raises(RunError, match="Stopped at step 7"):
        demo.run_demo(tmp_path / "demo", progress=False)
    assert not (tmp_path / "demo" / "model").exists()
