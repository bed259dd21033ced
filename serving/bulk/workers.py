"""The plan mapped on this machine: in this process, or by worker processes on all cores.

A worker is a process of its own (`python -m serving.bulk.worker`) that takes shards from its
standard input and answers on its standard output, a line of JSON each. It ends with its driver,
also with one that is killed: a closed input is the end.

This is no `ProcessPoolExecutor`, which would lose three promises. A worker that is killed breaks
the whole pool, where here one other takes its place and the rest go on with their models loaded;
workers outlive a driver that is killed; and they import the caller's `__main__`, so that
`generate` could not be called from a script without a guard, or from standard input.
"""

import json
import os
import queue
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from serving.bulk import hardware
from serving.bulk.job import ShardSpec, WorkerConfig
from serving.bulk.shard import ShardWriter
from serving.errors import ServingError, UsageError
from serving.exported import ExportedModel

# A worker costs a TensorFlow, and its start some seconds: for small jobs one process is faster.
_WORKER_BYTES = 700 * 2**20
_SMALL_JOB = 4096
_ATTEMPTS = 2


def num_workers(asked: int | None, specs: Sequence[ShardSpec], alone: bool) -> int:
    """Returns how many worker processes to start; 0 is this process.

    Args:
        asked: what somebody wants, or None for as many as cores, memory and shards allow.
        specs: the shards of the plan.
        alone: whether this process computes in one thread, as workers do.

    Raises:
        UsageError: for a negative number.
    """
    if asked is not None:
        if asked < 0:
            raise UsageError(f"workers: received {asked}; expected 0 (this process) or more.")
        return min(asked, len(specs))
    if hardware.has_accelerator() or (alone and sum(spec.count for spec in specs) <= _SMALL_JOB):
        return 0
    memory = hardware.available_memory()
    fitting = max(1, memory // _WORKER_BYTES) if memory is not None else len(specs)
    return max(1, min(hardware.usable_cores(), fitting, len(specs)))


def map_here(model: ExportedModel, config: WorkerConfig, specs: Sequence[ShardSpec]) -> None:
    """Writes all shards in this process."""
    writer = ShardWriter(model, config)
    for spec in specs:
        writer.ensure_shard(spec)


def map_by_workers(config: WorkerConfig, specs: Sequence[ShardSpec], count: int) -> None:
    """Writes all shards by `count` processes.

    Raises:
        UsageError: as a worker says.
        ServingError: as a worker says, or one shard ends two workers.
    """
    workers = [_Worker(config) for _ in range(count)]
    idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def write(spec: ShardSpec) -> None:
        worker = idle.get()  # never waits: there are as many threads as workers
        try:
            worker.write(spec)
        finally:
            idle.put(worker)

    # A thread for each worker waits for its answers.
    pool = ThreadPoolExecutor(count)
    try:
        for future in as_completed([pool.submit(write, spec) for spec in specs]):
            future.result()
    finally:
        # The threads come to their end once their workers have.
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.stop()
        pool.shutdown()


class _Worker:
    """One worker process, begun when it is needed, and again if it ends.

    One thread at a time writes; `stop` comes from the driver's at any moment.
    """

    def __init__(self, config: WorkerConfig) -> None:
        self._config = config
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False

    def write(self, spec: ShardSpec) -> None:
        """Has the process write a shard.

        Raises:
            UsageError: as the worker says.
            ServingError: as the worker says, or two of them ended.
        """
        for _ in range(_ATTEMPTS):
            answer = self._asked(spec)
            if answer is not None:
                return _check(answer)
            if self._stopped:
                break
        raise ServingError(
            f"Two workers ended while they wrote shard {spec.name} (the last with "
            f"{self._process.returncode if self._process else 'nothing'}; the system may be short "
            "of memory); use fewer --workers and run the same command again."
        )

    def stop(self) -> None:
        """Ends the process, whatever it does."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _asked(self, spec: ShardSpec) -> dict[str, Any] | None:
        """The worker's answer; None if it ended before it gave one."""
        process, lines = self._process, [asdict(spec)]
        if process is None or process.poll() is not None:
            process, lines = _start(), [asdict(self._config), asdict(spec)]
            self._process = process
            if self._stopped:  # while this one began
                process.kill()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write("".join(f"{json.dumps(line)}\n" for line in lines))
            process.stdin.flush()
            line = process.stdout.readline()
        except (BrokenPipeError, ValueError):
            line = ""
        if not line.endswith("\n"):
            process.kill()
            process.wait()
            return None
        answer: dict[str, Any] = json.loads(line)
        return answer


def _check(answer: dict[str, Any]) -> None:
    if "error" in answer:
        kind = UsageError if answer["kind"] == UsageError.__name__ else ServingError
        raise kind(answer["error"])


def _start() -> "subprocess.Popen[str]":
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-m", "serving.bulk.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,  # Ctrl-C reaches the driver alone, which ends its workers
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
