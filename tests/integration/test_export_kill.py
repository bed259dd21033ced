"""Invariant 6: an export is whole or absent, whenever it is killed."""

import os
import time
from pathlib import Path

import pytest

from serving.errors import UsageError
from serving.versions import require_versions
from tests import processes
from trainer import exporting


def _pause_in(owner, name, models, trained_run):
    """Exports, and stops for ever where a function is called, which its process says first."""

    def pause(*_):
        Path(models).with_name("reached").touch()
        time.sleep(600)

    setattr(owner, name, pause)
    exporting.export_run(trained_run, models)


def _while_saving(*places):
    _pause_in(exporting, "_write_warmup", *places)


def _before_the_rename(*places):
    _pause_in(os, "rename", *places)


@pytest.mark.parametrize("stopping", [_while_saving, _before_the_rename])
def test_a_kill_during_export_leaves_no_version(trained_run, tmp_path, stopping):
    models = tmp_path / "models"
    process = processes.start(stopping, models, trained_run)
    processes.wait_for(tmp_path / "reached", process)
    assert list(models.glob(".*"))
    processes.kill(process)
    assert [p for p in models.iterdir() if not p.name.startswith(".")] == []
    with pytest.raises(UsageError):
        require_versions(str(models))
    assert exporting.export_run(trained_run, models).path == str(models / "1")
