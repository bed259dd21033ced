"""The plan mapped on this machine: in this process, or by worker processes on all cores.

A worker is a process of its own (`python -m serving.bulk.worker`) that takes rows from its
standard input and answers on its standard output, a line of JSON each. It ends with its driver: a
closed input is the end.
"""

import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from serving.bulk import hardware
from serving.bulk.job import PlanRow
from serving.bulk.output import Entry
from serving.bulk.shard import Measures, ShardWriter, Task
from serving.errors import ServingError, UsageError
from serving.exported import ExportedModel

Done = Callable[[PlanRow, Entry, Measures], None]

# A worker costs a TensorFlow, and its start some seconds: for small jobs one process is faster.
_WORKER_BYTES = 700 * 2**20
_SMALL_JOB = 4096
_ATTEMPTS = 2


def num_workers(asked: int | None, rows: Sequence[PlanRow], alone: bool) -> int:
    """Returns how many worker processes to start; 0 is this process.

    Args:
        asked: what somebody wants, or None for as many as cores, memory and shards allow.
        rows: the plan.
        alone: whether this process computes in one thread, as workers do.

    Raises:
        UsageError: for a negative number.
    """
    if asked is not None:
        if asked < 0:
            raise UsageError(f"workers: received {asked}; expected 0 (this process) or more.")
        return min(asked, len(rows))
    if hardware.has_accelerator() or (alone and sum(row.count for row in rows) <= _SMALL_JOB):
        return 0
    memory = hardware.available_memory()
    fitting = max(1, memory // _WORKER_BYTES) if memory is not None else len(rows)
    return max(1, min(hardware.usable_cores(), fitting, len(rows)))


def map_here(model: ExportedModel, task: Task, rows: Sequence[PlanRow], done: Done) -> None:
    """Writes all shards in this process."""
    writer = ShardWriter(model, task)
    for row in rows:
        done(row, *writer.ensure_shard(row))


def map_by_workers(task: Task, rows: Sequence[PlanRow], workers: int, done: Done) -> None:
    """Writes all shards by `workers` processes.

    Raises:
        UsageError: as a worker says.
        ServingError: as a worker says, or one row ends two workers.
    """
    waiting = deque(rows)
    answers: queue.Queue[Any] = queue.Queue()
    crew = [_Keeper(task, waiting, answers) for _ in range(workers)]
    try:
        for keeper in crew:
            keeper.start()
        for _ in rows:
            answer = answers.get()
            if isinstance(answer, BaseException):
                raise answer
            done(*answer)
    finally:
        waiting.clear()
        for keeper in crew:
            keeper.stop()


class _Keeper(threading.Thread):
    """Keeps one worker process busy, and starts another one if it ends."""

    def __init__(self, task: Task, waiting: "deque[PlanRow]", answers: "queue.Queue[Any]") -> None:
        super().__init__(daemon=True)
        self._task = task
        self._waiting = waiting
        self._answers = answers
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False

    def run(self) -> None:
        try:
            for row in self._rows():
                self._answers.put((row, *self._written(row)))
        except BaseException as error:
            self._answers.put(error)
        finally:
            self.stop()

    def stop(self) -> None:
        """Ends the worker, whatever it does."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _rows(self) -> Iterator[PlanRow]:
        while True:
            try:
                yield self._waiting.popleft()
            except IndexError:
                return

    def _written(self, row: PlanRow) -> tuple[Entry, Measures]:
        for _ in range(_ATTEMPTS):
            answer = self._asked(row)
            if answer is not None:
                return _understood(answer)
            if self._stopped:
                break
        raise ServingError(
            f"Two workers ended while they wrote shard {row.name} (the last with "
            f"{self._process.returncode if self._process else 'nothing'}; the system may be short "
            "of memory); use fewer --workers and run the same command again."
        )

    def _asked(self, row: PlanRow) -> dict[str, Any] | None:
        """The worker's answer; None if it ended before it gave one."""
        process = self._process
        if process is None or process.poll() is not None:
            process = self._process = _start()
            lines = [self._task.document(), asdict(row)]
        else:
            lines = [asdict(row)]
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


def _understood(answer: dict[str, Any]) -> tuple[Entry, Measures]:
    if "error" in answer:
        kind = UsageError if answer["kind"] == UsageError.__name__ else ServingError
        raise kind(answer["error"])
    return answer["entry"], Measures(**answer["measures"])


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
