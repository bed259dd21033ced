"""Images a second of the embedded endpoint, beside the model in process and a Flask handler.

Exports of the recipe cgan-mnist's players at 28×28×1 and 64×64×3, after one step of training.
Closed loops of 1, 8 and 64 clients ask for 1 or 64 samples a request, over gRPC and REST, as arrays
and as PNG files. The load, a process of its own, shares the processors with the endpoint: its time
is told apart. Beside them, in the same rounds:

- the exported signature called in process, with the best of several batch sizes;
- a Flask handler around `model.predict`, what people write today, and one around the export;
- a Python gRPC server that answers every request with the same ready-made image, which is the most
  that any endpoint in Python could reach with requests of one row.
- where `--before` names a checkout of another commit, its endpoint under part of the same load.

Then an open loop sends requests at 70 % of the rate that 64 clients reached.
"""

import argparse
import importlib.util
import itertools
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import bulk_exports, harness, load
from benchmarks.endpoints import Process, gan_serve
from benchmarks.harness import Comparison, Sample
from benchmarks.load import Load
from benchmarks.sample_requests import Wanted

_BATCHES = (32, 64, 128, 256)
_WORK = 1024.0  # images to which all times are brought
_PATIENCE = 180.0  # seconds in which a slow machine answers 64 clients that ask for 64 rows each
_CLIENT_CPU, _P50, _P99 = "client's CPU ms per image", "p50, ms", "p99, ms"
_SUFFIX = {"before": ", before"}
_GRID = [(clients, rows) for rows in (1, 64) for clients in (1, 8, 64)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--shapes", nargs="*", default=list(bulk_exports.SHAPES))
    parser.add_argument("--before", type=Path, help="a checkout of another commit to measure too")


@dataclass(frozen=True)
class Loaded:
    """An endpoint under one load, as a contender."""

    load: Load
    rows: int

    def run(self) -> Sample:
        """Puts the load on; the time is what `_WORK` images took, the endpoint's alone."""
        outcome = load.measure(self.load)
        part = _WORK / (outcome.requests * self.rows)
        columns = {
            _CLIENT_CPU: 1e3 * outcome.client_cpu_seconds / (outcome.requests * self.rows),
            _P50: outcome.p50_ms,
            _P99: outcome.p99_ms,
        }
        return Sample(part * outcome.seconds, part * outcome.server_cpu_seconds, columns)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measures everything and returns the result."""
    rounds = arguments.rounds or (1 if arguments.quick else 3)
    seconds = 1.0 if arguments.quick else arguments.seconds
    measurement = harness.Measurement(_WORK)
    steady: list[str] = []
    batches: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.shapes:
            bulk_exports.make(name, Path(folder))
            with _contenders(name, Path(folder), seconds, arguments.before) as those:
                contenders, worker = those
                measured = harness.measure(
                    contenders, work=_WORK, rounds=rounds, warm_up=0, samples=arguments.kept
                )
                measurement.samples |= measured.samples
                batches |= worker.versions
                for title in _steady(name):
                    rate = 0.7 * statistics.median(measured.rates(title)) / contenders[title].rows
                    loop = _open_loop(contenders[title], rate, 5 * seconds)
                    sample = arguments.kept.take(f"{title}, open loop", 0, loop.run)
                    steady.append(_clause(title, loop, sample))
    absent = [] if _has_flask() else [f"{name} Flask, 64 × 1" for name in arguments.shapes]
    result = harness.result(
        measurement,
        unit="images/s",
        comparisons=[c for name in arguments.shapes for c in _comparisons(name)],
        absent=absent,
        columns={key: _medians(measurement, key) for key in (_CLIENT_CPU, _P50, _P99)},
        in_process_batch=batches,
        before=harness.commit(arguments.before) if arguments.before else None,
    )
    verdict = "At 70 % of the rate of 64 clients: " + "; ".join(steady) + "."
    if arguments.before is not None:
        verdict += f' "Before" is commit {result["details"]["before"]}.'
    return result | {"verdict": verdict}


def _medians(measurement: harness.Measurement, key: str) -> dict[str, float]:
    """A column of the table: by contender, the median of what its samples tell."""
    return {
        name: statistics.median((sample.details or {})[key] for sample in samples)
        for name, samples in measurement.samples.items()
        if samples[0].details
    }


def _comparisons(name: str) -> Iterator[Comparison]:
    whole = f"{name} in process"
    yield Comparison(f"{name} gRPC array, 8 × 64", whole, 0.85)
    single = 0.5 if name == "28x28x1" else None
    for ours in ("gRPC array", "gRPC array batched", "REST array batched"):
        yield Comparison(f"{name} {ours}, 64 × 1", whole, single)
    yield Comparison(f"{name} gRPC array, 64 × 1", f"{name} ready-made gRPC, 64 × 1")
    for ours, clients in itertools.product(("gRPC array", "REST array"), (1, 8, 64)):
        loop = f"{clients} × 1"
        yield Comparison(f"{name} {ours} batched, {loop}", f"{name} {ours}, {loop}")
    loops = ("1 × 1", "8 × 1", "64 × 1", "8 × 64")
    for ours, loop in itertools.product(("gRPC array", "REST array"), loops):
        after = f"{name} {ours} batched, {loop}"
        yield Comparison(after, f"{after}, before", 0.97)
    for ours in ("gRPC array", "REST array"):
        yield Comparison(f"{name} {ours}, 64 × 1", f"{name} Flask, 64 × 1", 5.0)
    yield Comparison(f"{name} REST array, 8 × 64", f"{name} Flask, 8 × 64", 5.0)
    for loop in ("64 × 1", "8 × 64"):
        yield Comparison(f"{name} REST array batched, {loop}", f"{name} Flask export, {loop}", 1.5)


def _steady(name: str) -> list[str]:
    titles = ("gRPC array, 64 × 1", "gRPC array, 8 × 64", "gRPC array batched, 64 × 1")
    return [f"{name} {title}" for title in titles]


def _open_loop(loaded: Loaded, rate: float, seconds: float) -> Loaded:
    """The same requests at a rate instead of by a number of clients."""
    return replace(loaded, load=replace(loaded.load, rate=rate, seconds=seconds))


def _clause(title: str, loop: Loaded, sample: Sample) -> str:
    """Latencies of an open loop, as a clause."""
    p50, p99 = ((sample.details or {})[key] for key in (_P50, _P99))
    return (
        f"{title.rpartition(',')[0]}, {loop.rows} a request, {loop.load.rate:.0f} requests/s: p50 "
        f"{p50:.1f} ms, p99 {p99:.1f} ms, ratio {p99 / p50:.1f} (< 3: "
        f"{'met' if p99 < 3 * p50 else 'missed'})"
    )


@contextmanager
def _contenders(
    name: str, folder: Path, seconds: float, before: Path | None
) -> Iterator[tuple[dict[str, Any], harness.Worker]]:
    """Everything that is measured of one shape, running."""
    with ExitStack() as stack:
        models = folder / name
        worker = harness.Worker(sys.executable, "benchmarks.serving_speed", {"models": str(models)})
        stack.callback(worker.close)
        servers = {
            key: stack.enter_context(start())
            for key, start in _servers(models, folder / f"run-{name}", before).items()
        }
        contenders: dict[str, Any] = {f"{name} in process": worker.contender("in process")}
        for key, title, wanted, clients in _loads(bulk_exports.SHAPES[name]):
            if key in servers:
                server = servers[key]
                port = server.ports["port" if wanted.protocol == "grpc" else "rest_api_port"]
                asked = Load(
                    address=f"127.0.0.1:{port}",
                    server_pid=server.pid,
                    clients=clients,
                    seconds=seconds,
                    timeout=_PATIENCE,
                    **wanted.load(),
                )
                full = f"{name} {title}, {clients} × {wanted.rows}" + _SUFFIX.get(key, "")
                contenders[full] = Loaded(asked, wanted.rows)
        yield contenders, worker


def _servers(models: Path, run_dir: Path, before: Path | None) -> dict[str, Callable[[], Process]]:
    """What starts each server."""
    batching = (str(models), "--model_name=m", "--enable_batching")
    shape = json.dumps(bulk_exports.SHAPES[models.name])
    ready = [sys.executable, "-m", "benchmarks.ready_made", shape]
    handler = [sys.executable, "-m", "benchmarks.flask_handler"]
    servers: dict[str, Callable[[], Process]] = {
        "plain": lambda: gan_serve(str(models), "--model_name=m"),
        "batching": lambda: gan_serve(*batching),
        "ready-made": lambda: Process(ready),
    }
    if before is not None:
        servers["before"] = lambda: gan_serve(*batching, root=before)
    if _has_flask():
        servers["Flask"] = lambda: Process([*handler, "run", str(run_dir)])
        servers["Flask export"] = lambda: Process([*handler, "export", str(models / "1")])
    return servers


def _loads(shape: tuple[int, ...]) -> Iterator[tuple[str, str, Wanted, int]]:
    """Server, title, request and number of clients of every closed loop."""
    for protocol, title in (("grpc", "gRPC"), ("rest", "REST")):
        for signature, form in (("generate", "array"), ("generate_png", "PNG")):
            for clients, rows in _GRID:
                wanted = Wanted(protocol, signature, rows, shape)
                yield "plain", f"{title} {form}", wanted, clients
        for clients, rows in ((1, 1), (8, 1), (64, 1), (8, 64)):
            for server in ("batching", "before"):  # neighbours, so that they are compared fairly
                yield (
                    server,
                    f"{title} array batched",
                    Wanted(protocol, "generate", rows, shape),
                    clients,
                )
    yield "ready-made", "ready-made gRPC", Wanted("grpc", "generate", 1, shape), 64
    for server, (clients, rows) in itertools.product(("Flask", "Flask export"), ((64, 1), (8, 64))):
        yield server, server, Wanted("rest", "generate", rows, shape), clients


def _has_flask() -> bool:
    return importlib.util.find_spec("flask") is not None


# ---- The worker's side ---------------------------------------------------------------------------


def _works(models: str) -> tuple[dict[str, Callable[[], object]], int]:
    import numpy as np
    import tensorflow as tf

    function = tf.saved_model.load(os.path.join(models, "1")).signatures["generate"]

    def generate(size: int) -> None:
        for start in range(0, int(_WORK), size):
            seeds = np.arange(start, start + size, dtype=np.int64)
            function(seed=tf.constant(seeds))["image"].numpy()

    def seconds(size: int) -> float:
        generate(size)
        return min(harness.timed(lambda: generate(size)).seconds for _ in range(3))

    best = min(_BATCHES, key=seconds)
    return {"in process": lambda: generate(best)}, best


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    works, best = _works(json.loads(sys.argv[1])["models"])
    harness.serve(works, {Path(json.loads(sys.argv[1])["models"]).name: best})
