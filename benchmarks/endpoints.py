"""Endpoints to send requests to, each in a process of its own that is watched from outside."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

_ROOT = Path(__file__).parents[1]


class Held(NamedTuple):
    """What a process holds at a moment."""

    resident_mib: float
    files: int
    threads: int


class Process:
    """A server that prints a line of JSON, its ports among it, once it answers.

    Attributes:
        ports: by the names that it gives them.
    """

    def __init__(
        self,
        command: Sequence[str],
        stderr: Path | None = None,
        environment: Mapping[str, str] | None = None,
        root: Path = _ROOT,
    ) -> None:
        """Starts it; returns once it answers.

        Args:
            command: what to start.
            stderr: a file for what it complains of; None for where ours goes.
            environment: variables beside ours.
            root: the checkout whose code runs.
        """
        given = {"TF_CPP_MIN_LOG_LEVEL": "2"} | dict(environment or {})
        with stderr.open("ab") if stderr is not None else nullcontext() as complaints:
            self._process = subprocess.Popen(
                command,
                cwd=root,
                env=os.environ | given,
                stdout=subprocess.PIPE,
                stderr=complaints,
            )
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
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def held(self) -> Held:
        """What it holds now; nothing once it has ended."""
        if not self.is_alive:
            return Held(0.0, 0, 0)
        process = Path(f"/proc/{self.pid}")
        fields = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        return Held(
            round(int(fields["VmRSS"].split()[0]) / 1024, 1),
            len(os.listdir(process / "fd")),
            int(fields["Threads"]),
        )

    def stop(self) -> float:
        """Ends it as an operator does; returns how many seconds that took."""
        begun = time.perf_counter()
        self._process.terminate()
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        return time.perf_counter() - begun

    @property
    def exit_code(self) -> int | None:
        """With which it ended; None while it runs."""
        return self._process.poll()

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


def gan_serve(
    *arguments: str,
    stderr: Path | None = None,
    environment: Mapping[str, str] | None = None,
    root: Path = _ROOT,
) -> Process:
    """The embedded endpoint, as a user starts it; `ports` has "port" and "rest_api_port"."""
    command = [sys.executable, "-m", "trainer.cli", "serve", *arguments]
    return Process([*command, "--json", "--port=0", "--rest_api_port=0"], stderr, environment, root)
