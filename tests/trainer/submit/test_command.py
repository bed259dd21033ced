"""`gan submit` with nothing installed but what reads configurations."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.trainer.submit.conftest import PLATFORMS
from trainer.cli import main
from trainer.submit.kubernetes import Manifest
from trainer.submit.slurm import Script

ROOT = Path(__file__).parents[3]


def test_a_dry_run_prints_the_job_and_imports_no_client(job_file, tmp_path):
    files = []
    for platform in PLATFORMS:
        files.append(Path(job_file(platform)).rename(tmp_path / f"{platform}.yaml"))
    code = (
        "import sys; from trainer.cli import main\n"
        "for file in sys.argv[1:]:\n"
        "    main(['submit', file, '--dry-run', '--json'], standalone_mode=False)\n"
        "clients = ('google.cloud.', 'google.api_core', 'google.protobuf', 'tensorflow')\n"
        "print([name for name in sys.modules if name.startswith(clients)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *files],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    *jobs, imported = done.stdout.splitlines()
    assert imported == "[]" and len(jobs) == len(PLATFORMS)
    assert all("cgan-digits" in json.dumps(json.loads(job)) for job in jobs)


def test_a_client_that_is_not_installed_is_named(job_file, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.api_core.exceptions", None)
    result = CliRunner().invoke(main, ["submit", job_file("vertex")], prog_name="gan")
    assert result.exit_code == 2
    assert result.stderr == (
        "gan: `gan submit` needs the package 'google', which is not installed; "
        "pip install 'saddlepoint[gcp]'.\n"
    )


@pytest.mark.parametrize(("platform", "tool"), [("kubernetes", "kubectl"), ("slurm", "sbatch")])
def test_a_tool_that_is_absent_or_refuses_is_a_sentence(
    job_file, tmp_path, monkeypatch, platform, tool
):
    monkeypatch.setenv("PATH", str(tmp_path))
    absent = CliRunner().invoke(main, ["submit", job_file(platform)])
    assert absent.exit_code == 2 and f"{tool} is not on PATH" in absent.stderr
    (tmp_path / tool).write_text("#!/bin/sh\necho 'error: no such thing' >&2\nexit 3\n")
    (tmp_path / tool).chmod(0o755)
    refused = CliRunner().invoke(main, ["submit", job_file(platform)])
    assert refused.exit_code == 1
    assert refused.stderr == f"gan: {tool} refused the job: error: no such thing\n"


@pytest.mark.parametrize(
    ("platform", "tool", "kind", "said"),
    [
        ("kubernetes", "kubectl", Manifest, "7"),
        ("slurm", "sbatch", Script, "Submitted batch job 7"),
    ],
)
def test_the_tool_is_given_what_a_dry_run_prints(
    job, job_file, tmp_path, monkeypatch, platform, tool, kind, said
):
    (tmp_path / tool).write_text(f"#!/bin/sh\n/bin/cat > {tmp_path}/given\necho 7\n")
    (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(main, ["submit", job_file(platform)])
    assert done.exit_code == 0 and done.stdout.startswith(said), done.stderr
    assert (tmp_path / "given").read_text() == kind(job(platform)).text


@pytest.mark.parametrize(
    ("platform", "tool", "states", "code"),
    [
        ("kubernetes", "kubectl", ["", "Completed"], 0),
        ("kubernetes", "kubectl", ["", "Failed"], 1),
        ("slurm", "scontrol", ["JobState=PENDING", "JobId=7 JobState=COMPLETED Reason=None"], 0),
        ("slurm", "scontrol", ["JobState=RUNNING", "JobState=TIMEOUT Reason=None"], 1),
    ],
)
def test_waiting_asks_the_tool_until_the_job_has_ended(
    job_file, tmp_path, monkeypatch, platform, tool, states, code
):
    monkeypatch.setattr("trainer.submit.submission.POLL_SECONDS", 0.0)
    monkeypatch.setenv("PATH", str(tmp_path))
    for number, state in enumerate(states):
        (tmp_path / str(number)).write_text(state)
    (tmp_path / "sbatch").write_text("#!/bin/sh\necho 7\n")
    # Answers with the lowest file that is left, and takes it away; to `apply` it says nothing.
    (tmp_path / tool).write_text(
        f"#!/bin/sh\n[ $1 = apply ] && exit\necho $* > {tmp_path}/asked\n"
        f"for i in 0 1; do [ -e {tmp_path}/$i ] && /bin/cat {tmp_path}/$i && "
        f"/bin/rm {tmp_path}/$i && exit; done\n"
    )
    for name in ("sbatch", tool):
        (tmp_path / name).chmod(0o755)
    result = CliRunner().invoke(main, ["submit", job_file(platform), "--wait"])
    assert result.exit_code == code, result.stderr
    assert not (tmp_path / "1").exists()
    assert ("its logs say why" in result.stderr) == bool(code)
    asked = (tmp_path / "asked").read_text()
    assert "show job 7" in asked if platform == "slurm" else "jobset/one" in asked
