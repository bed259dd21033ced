"""Half an hour of load on the embedded endpoint while versions of its model come, break and go.

An open loop of single rows over gRPC and one of eight PNG files a request over REST together ask
for a share of what closed loops of both at once reached beforehand, with the same going on: every
few seconds something happens to the model's folder. A version is added, an older one removed, the
newest one removed, or one added that cannot be loaded. Loading takes seconds of processor time, so
events come in rounds that hold each: what is reached in one round is what others can reach. What
counts is that no request fails, that memory, files and threads stay level, and that the slowest
hundredth waits little longer than the others.
"""

import argparse
import random
import shutil
import statistics
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import bulk_exports, load, loaded
from benchmarks.endpoints import Process, gan_serve
from benchmarks.load import Load, Outcome
from benchmarks.sample_requests import Wanted

_LEVEL = 0.1  # of growth between the first window and the last, at most
_TAIL = 3.0  # 99th percentile to median, at most
_WINDOWS = 6
_KINDS = ("gRPC", "REST")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--minutes", type=float, default=30.0, help="of load")
    parser.add_argument("--shape", default="28x28x1", choices=bulk_exports.SHAPES)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two events")
    parser.add_argument("--share", type=float, default=0.8, help="of what closed loops reach")
    parser.add_argument("--seed", type=int, default=0, help="of the events")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Puts the load on and returns the result."""
    seconds = 60 * (1.0 if arguments.quick else arguments.minutes) / _WINDOWS
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        versions = Versions(bulk_exports.make(arguments.shape, folder), folder / "served")
        flags = ["--model_name=m", "--enable_batching", f"--access_log={folder / 'access.log'}"]
        complaints = folder / "complaints.txt"
        with gan_serve(str(versions.base), *flags, stderr=complaints) as server:
            with _events(versions, arguments.every, arguments.seed) as happened:
                measured = min(seconds, len(versions.events) * arguments.every)  # a round
                shape = bulk_exports.SHAPES[arguments.shape]
                loads = _loads(server, shape, arguments.share, measured, seconds)
                for window in range(_WINDOWS):
                    rows.append(_window(window, seconds, loads, server, happened))
                    print(rows[-1], file=sys.stderr, flush=True)
            left = server.stop()
        tracebacks = complaints.read_text(encoding="utf-8").count("Traceback")
    return {
        "rows": rows,
        "verdict": _verdict(rows, tracebacks, left),
        "details": {"rates": [load.rate for load in loads], "events": dict(happened)},
    }


class Versions:
    """A served folder in which versions are added, broken and removed.

    Attributes:
        base: the folder.
        events: what happens in a round.
    """

    def __init__(self, export: Path, base: Path) -> None:
        """Begins with one version, a copy of the newest below `export`."""
        self.base = base
        self._whole = next(export.glob("[0-9]*"))
        self._next = 1
        self.events = [self.add, self.add, self.break_, self.remove_newest, self.remove_oldest]
        self.add()

    def add(self) -> None:
        """Adds a version, at once whole."""
        self._publish(self._whole)

    def break_(self) -> None:
        """Adds a version that cannot be loaded."""
        with tempfile.TemporaryDirectory(dir=self.base.parent) as folder:
            broken = Path(folder, "broken")
            shutil.copytree(self._whole, broken)
            (broken / "saved_model.pb").write_bytes(b"no model")
            self._publish(broken)

    def remove_newest(self) -> None:
        """Removes the newest version, unless it is the only one."""
        self._remove(-1)

    def remove_oldest(self) -> None:
        """Removes the oldest version, unless it is the only one."""
        self._remove(0)

    def _publish(self, folder: Path) -> None:
        temporary = self.base.parent / "temporary"
        shutil.copytree(folder, temporary)
        self.base.mkdir(exist_ok=True)
        temporary.rename(self.base / str(self._next))
        self._next += 1

    def _remove(self, index: int) -> None:
        versions = sorted(self.base.iterdir(), key=lambda path: int(path.name))
        if len(versions) > 1:
            shutil.rmtree(versions[index])


@contextmanager
def _events(versions: Versions, every: float, seed: int) -> Iterator[Counter[str]]:
    """Lets something happen to the versions now and then; yields what has."""
    upcoming, happened, over = rounds(versions.events, seed), Counter[str](), threading.Event()

    def happen() -> None:
        while not over.wait(every):
            event = next(upcoming)
            event()
            happened[event.__name__.rstrip("_").replace("_", " ")] += 1

    thread = threading.Thread(target=happen)
    thread.start()
    try:
        yield happened
    finally:
        over.set()
        thread.join()


def rounds(events: Sequence[Callable[[], None]], seed: int) -> Iterator[Callable[[], None]]:
    """Yields events without end: all of them in an order of chance, then all of them again."""
    chance = random.Random(seed)
    while True:
        yield from chance.sample(events, len(events))


def _loads(
    server: Process, shape: tuple[int, ...], share: float, measured: float, seconds: float
) -> list[Load]:
    """Two open loops, each a share of what a closed one reaches beside the other.

    Args:
        server: the endpoint.
        shape: of a sample.
        share: of what is reached.
        measured: for how many seconds closed loops run.
        seconds: for how many the open ones will.
    """
    kinds = [Wanted("grpc", "generate", 1, shape), Wanted("rest", "generate_png", 8, shape)]
    closed = [
        Load(clients=64, seconds=measured, **loaded.asked(server, wanted.load()))
        for wanted in kinds
    ]
    with ThreadPoolExecutor() as pool:
        reached = list(pool.map(load.measure, closed))
    return [
        replace(each, rate=share * most.requests / most.seconds, seconds=seconds)
        for each, most in zip(closed, reached, strict=True)
    ]


def _window(
    number: int, seconds: float, loads: list[Load], server: Process, happened: Counter[str]
) -> dict[str, Any]:
    """Puts the loads on for a part of the time and notes what came of it."""
    before = happened.total()
    with ThreadPoolExecutor() as pool:
        under_way = [pool.submit(load.measure, each) for each in loads]
        memory = [server.held().resident_mib]
        while futures.wait(under_way, timeout=1.0).not_done:
            memory.append(server.held().resident_mib)
    outcomes: list[Outcome] = [each.result() for each in under_way]
    failures = Counter[str]()
    for outcome in outcomes:
        failures.update(outcome.failures)
    grpc, rest = outcomes
    return {
        "minutes": f"{number * seconds / 60:.3g} – {(number + 1) * seconds / 60:.3g}",
        "requests": sum(outcome.requests for outcome in outcomes),
        "failed": failures.total(),
        "events": happened.total() - before,
        "gRPC p50, ms": grpc.p50_ms,
        "gRPC p99, ms": grpc.p99_ms,
        "REST p50, ms": rest.p50_ms,
        "REST p99, ms": rest.p99_ms,
        "cores busy": round(_cpu_seconds(outcomes) / seconds, 2),
        "memory, MiB": round(statistics.median(memory)),
        "at most": round(max(memory)),
        "files": server.held().files,
        "threads": server.held().threads,
    } | ({"failures": dict(failures)} if failures else {})


def _cpu_seconds(outcomes: list[Outcome]) -> float:
    """Processor time of the endpoint and of the loads; each outcome tells the endpoint's."""
    clients = sum(outcome.client_cpu_seconds for outcome in outcomes)
    return clients + max(outcome.server_cpu_seconds for outcome in outcomes)


def _verdict(rows: list[dict[str, Any]], tracebacks: int, left: float) -> str:
    failed, requests = (sum(row[key] for row in rows) for key in ("failed", "requests"))
    growth = rows[-1]["memory, MiB"] / rows[0]["memory, MiB"] - 1
    tail = statistics.median(
        row[f"{kind} p99, ms"] / row[f"{kind} p50, ms"] for row in rows for kind in _KINDS
    )
    return (
        f"{failed} of {requests} requests failed (goal 0: {'met' if not failed else 'missed'}); "
        f"memory's median grew by {100 * growth:.1f} % from the first row to the last (goal under "
        f"{100 * _LEVEL:.0f} %: {'met' if growth < _LEVEL else 'missed'}); p99 is {tail:.1f} times "
        f"p50, the median of rows (goal under {_TAIL:g}: {'met' if tail < _TAIL else 'missed'}); "
        f"{tracebacks} tracebacks; SIGTERM ended it in {left:.1f} s."
    )
