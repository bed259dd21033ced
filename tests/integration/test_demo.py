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


def _numbers(report):
    return {number["key"]: number["value"] for number in report["evaluation"]["numbers"]}


def test_the_demo_goes_the_whole_way(tmp_path):
    smaller = ("train.steps=600", "network.base_filters=32")
    report = _demo(tmp_path / "demo", *smaller, f"evaluate.cache_dir={tmp_path}")
    assert report["transports_agree"] is True
    assert report["evaluation"]["protocol"]["extractor_accuracy"] > 0.95
    assert (
        _numbers(report)["gan_test"] > 0.7
    )  # A fifth of the training, half the filters; chance is 0.1.
    assert (tmp_path / "demo" / "digits.png").stat().st_size > 1000
    assert (tmp_path / "demo" / "run" / "report.html").stat().st_size > 10_000
    assert (tmp_path / "demo" / "model" / "1" / "saved_model.pb").exists()


@pytest.mark.slow
def test_the_demo_at_full_size_keeps_its_promise(tmp_path):
    numbers = _numbers(_demo(tmp_path / "demo"))
    assert numbers["gan_test"] >= 0.95
    assert numbers["recall"] >= 0.6
