"""A real Dask cluster on this machine, for tests and benchmarks: each of its parts is a process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


class Cluster:
    """Begins with a scheduler; workers join and leave."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        """Starts a scheduler; `folder` takes the logs."""
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", ["--host", host, "--port", "0", "--scheduler-file", str(file)]
        )
        self.address: str = json.loads(wait_for(lambda: file.exists() and file.read_text()))[
            "address"
        ]

    def worker(
        self, *options: str, prefix: Sequence[str] = (), paths: Sequence[Path] = ()
    ) -> "subprocess.Popen[bytes]":
        """A worker of one thread, without a nanny, which would start another in its place.

        Args:
            options: of `dask worker`.
            prefix: a command that runs it, such as in a namespace.
            paths: where it looks for packages first.
        """
        usual = [self.address, "--nthreads", "1", "--no-nanny"]
        return self._start("worker", [*usual, *options], prefix, paths)

    def _start(
        self,
        kind: str,
        options: Sequence[str],
        prefix: Sequence[str] = (),
        paths: Sequence[Path] = (),
    ) -> "subprocess.Popen[bytes]":
        command = [*prefix, sys.executable, "-m", "dask", kind, "--no-dashboard", *options]
        found = os.pathsep.join([*map(str, paths), str(ROOT)])
        with open(self.folder / f"{len(self.processes)}-{kind}.log", "w") as log:
            process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                process_group=0,
                env={**os.environ, "PYTHONPATH": found, "CUDA_VISIBLE_DEVICES": "-1"},
            )
        self.processes.append(process)
        return process

    def asked(self, function: Callable[[], Any]) -> list[Any]:
        """What each worker answers to a function."""
        return list(self._with_client(lambda client: client.run(function)).values())

    def num_tasks(self) -> int:
        """How many tasks the scheduler knows."""

        def count(dask_scheduler: Any) -> int:
            return len(dask_scheduler.tasks)

        return int(self._with_client(lambda client: client.run_on_scheduler(count)))

    def wait_for_workers(self, number: int) -> None:
        """Waits until so many are there."""
        wait_for(lambda: len(self._with_client(lambda client: client.nthreads())) == number)

    def _with_client(self, function: Callable[[Any], Any]) -> Any:
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            return function(client)

    def close(self) -> None:
        """Ends all of it."""
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait_for(condition: Callable[[], Any], seconds: float = 300.0) -> Any:
    """The first true value of a condition.

    Raises:
        AssertionError: it did not come in time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"it did not come in {seconds:g} seconds")
