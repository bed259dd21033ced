"""A real Dask cluster for tests and benchmarks: a scheduler and workers, each a process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


class Cluster:
    """Begins with a scheduler; workers join and leave."""

    def __init__(self, folder, prefix=(), host="127.0.0.1"):
        self.folder, self.processes, self.prefix = folder, [], list(prefix)
        file = folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--host", host, "--port", "0", "--no-dashboard",
            "--scheduler-file", str(file), name="scheduler",
        )  # fmt: skip
        wait_for(file.exists)
        self.address = json.loads(wait_for(file.read_text))["address"]

    def worker(self, *options, prefix=None, paths=(), **environment):
        """A worker process without a nanny, which would start another in its place."""
        return self._start(
            "worker", self.address, "--no-dashboard", "--nthreads", "1", "--no-nanny", *options,
            name=f"worker-{len(self.processes)}", prefix=prefix, paths=paths, **environment,
        )  # fmt: skip

    def _start(self, *command, name, prefix=None, paths=(), **environment):
        log = open(self.folder / f"{name}.log", "w")  # noqa: SIM115 - the process holds it
        paths = os.pathsep.join([*map(str, paths), str(ROOT)])
        process = subprocess.Popen(
            [*(self.prefix if prefix is None else prefix), sys.executable, "-m", "dask", *command],
            stdout=log, stderr=log, cwd=self.folder, process_group=0,
            env={**os.environ, "PYTHONPATH": paths, "CUDA_VISIBLE_DEVICES": "-1", **environment},
        )  # fmt: skip
        self.processes.append(process)
        return process

    def asked(self, function):
        """What each worker answers to a function."""
        return list(self._with_client(lambda client: client.run(function)).values())

    def num_tasks(self):
        """How many tasks the scheduler knows."""
        count = lambda dask_scheduler: len(dask_scheduler.tasks)  # noqa: E731 - travels as a value
        return self._with_client(lambda client: client.run_on_scheduler(count))

    def wait_for_workers(self, number):
        """Waits until so many have joined."""
        wait_for(lambda: len(self._with_client(lambda client: client.nthreads())) == number)

    def _with_client(self, function):
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            return function(client)

    def close(self):
        """Ends all of it."""
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait_for(condition, seconds=60):
    """The first true value of a condition."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come in time")
