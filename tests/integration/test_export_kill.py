"""Invariant 6: an export is whole or absent, whenever it is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("when", ["saving", "before the rename"])
def test_a_kill_during_export_leaves_no_version(trained_run, tmp_path, when):
    models = tmp_path / "models"
    command = [sys.executable, "-c", STOPPING[when], str(trained_run), str(models)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
    deadline = time.monotonic() + 120
    while not (tmp_path / "reached").exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
        if models.exists() and any(models.glob(".*/ready")):
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [p for p in models.iterdir() if not p.name.startswith(".")] == []
    from serving.errors import UsageError
    from serving.versions import require_versions
    from trainer.exporting import export_run

    with pytest.raises(UsageError):
        require_versions(str(models))
    assert export_run(trained_run, models).path == str(models / "1")


# The export pauses at the chosen moment, so that the kill hits it there.
STOPPING = {
    "saving": """
import sys, time, pathlib
import trainer.exporting as export
def pause(path, *_):
    pathlib.Path(path).parent.parent.joinpath("ready").touch()
    time.sleep(600)
export._write_warmup = pause
export.export_run(sys.argv[1], sys.argv[2])
""",
    "before the rename": """
import os, sys, time, pathlib
import trainer.exporting as export
def pause(source, target):
    pathlib.Path(source, "ready").touch()
    time.sleep(600)
os.rename = pause
export.export_run(sys.argv[1], sys.argv[2])
""",
}
