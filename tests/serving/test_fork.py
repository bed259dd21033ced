"""Clients on both sides of a fork, as a server that forks its workers (gunicorn) has them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORKED = ROOT / "tests" / "serving" / "clients" / "forked.py"


@pytest.mark.integration
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_children_of_a_fork_get_their_own_answers(digits_server, target_of, kind):
    done = subprocess.run(
        [sys.executable, FORKED, target_of(digits_server), kind],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.returncode) == ("0 0 0 0\nTrue\n", 0), done.stderr
