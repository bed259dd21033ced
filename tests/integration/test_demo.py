"""The demo, through real processes and real sockets, at a reduced size; and in full when asked."""

import json
import subprocess
import sys

import pytest


def _demo(folder, *overrides):
    command = [sys.executable, "-m", "trainer.cli", "demo", "--dir", str(folder), "--json"]
    for override in overrides:
        command += ["--set", override]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_demo_goes_the_whole_way(tmp_path):
    report = _demo(tmp_path / "demo", "train.steps=600")
    assert report["transports_agree"] is True
    assert report["accuracy_on_real"] > 0.95
    assert report["accuracy"] > 0.7  # A fifth of the training; chance is 0.1.
    assert (tmp_path / "demo" / "digits.png").stat().st_size > 1000
    assert (tmp_path / "demo" / "model" / "1" / "saved_model.pb").exists()


@pytest.mark.slow
def test_the_demo_at_full_size_keeps_its_promise(tmp_path):
    report = _demo(tmp_path / "demo")
    assert report["accuracy"] >= 0.95
    assert report["diversity"] >= 0.8
