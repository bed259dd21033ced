"""Endpoints to put a load on, each in a process of its own whose memory and time can be read."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_ROOT = Path(__file__).parents[1]


class Process:
    """A server that prints a line of JSON, its ports among it, once it answers.

    Args:
        command: what to start.
        stderr: a file for what it complains of; None for where ours goes.
    """

    def __init__(self, command: Sequence[str], stderr: Path | None = None) -> None:
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"}
        complaints = stderr.open("a", encoding="utf-8") if stderr is not None else None
        self._process = subprocess.Popen(
            command,
            cwd=_ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
        if complaints is not None:
            complaints.close()
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{command} ended with {self._process.wait()}")
        self.ports: Mapping[str, int] = json.loads(line)

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def resident_mib(self) -> float:
        """Its resident memory now."""
        status = dict(line.split(":", 1) for line in self._proc("status").splitlines())
        return int(status["VmRSS"].split()[0]) / 1024

    @property
    def num_threads(self) -> int:
        """Its threads now."""
        return len(os.listdir(f"/proc/{self._process.pid}/task"))

    @property
    def num_files(self) -> int:
        """Its open files and connections now."""
        return len(os.listdir(f"/proc/{self._process.pid}/fd"))

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def stop(self) -> float:
        """Sends SIGTERM; returns how many seconds it took to end."""
        begun = time.perf_counter()
        self._process.terminate()
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        return time.perf_counter() - begun

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.is_alive:
            self.stop()

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self._process.pid}/{name}").read_text(encoding="utf-8")


def gan_serve(models: Path, *flags: str, stderr: Path | None = None) -> Process:
    """The embedded endpoint, as a user starts it; `ports` has "port" and "rest_api_port"."""
    command = [
        *(sys.executable, "-m", "trainer.cli", "serve", str(models), "--json"),
        *("--port=0", "--rest_api_port=0", *flags),
    ]
    return Process(command, stderr)
