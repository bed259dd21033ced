"""Images a second of the embedded endpoint, beside the model in process.

Exports of the recipe cgan-mnist's players at 28×28×1 and 64×64×3, after one step of training.
Closed loops of 1, 8 and 64 clients ask for 1 or 64 samples a request, over gRPC and REST, as arrays
and as PNG files. The load, a process of its own, shares the processors with the endpoint: its time
is told apart. Beside them, in the same rounds:

- the exported signature called in process, with the best of several batch sizes;
- a Python gRPC server that answers every request with the same ready-made image, which is the most
  that any endpoint in Python could reach with requests of one row.
- where `--before` names a checkout of another commit, its endpoint under part of the same load.

Then an open loop sends requests at 70 % of the rate that 64 clients reached.
"""

import argparse
import itertools
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import bulk_exports, harness, loaded
from benchmarks.endpoints import Process, gan_serve
from benchmarks.harness import Comparison, Sample
from benchmarks.loaded import P50, P99, WORK, Loaded
from benchmarks.sample_requests import Wanted

_BATCHES = (32, 64, 128, 256)
_SUFFIX = {"before": ", before"}
_GRID = [(clients, rows) for rows in (1, 64) for clients in (1, 8, 64)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--shapes", nargs="*", default=list(bulk_exports.SHAPES))
    parser.add_argument("--before", type=Path, help="a checkout of another commit to measure too")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measures everything and returns the result."""
    rounds = arguments.rounds or (1 if arguments.quick else 3)
    seconds = 1.0 if arguments.quick else arguments.seconds
    measurement = harness.Measurement(WORK)
    steady: list[str] = []
    batches: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.shapes:
            bulk_exports.make(name, Path(folder))
            with _contenders(name, Path(folder), seconds, arguments.before) as those:
                contenders, worker = those
                measured = harness.measure(
                    contenders, work=WORK, rounds=rounds, warm_up=0, samples=arguments.kept
                )
                measurement.samples |= measured.samples
                batches |= worker.versions
                for title in _steady(name):
                    rate = 0.7 * statistics.median(measured.rates(title)) / contenders[title].rows
                    loop = _open_loop(contenders[title], rate, 5 * seconds)
                    sample = arguments.kept.take(f"{title}, open loop", 0, loop.run)
                    steady.append(_clause(title, loop, sample))
    result = harness.result(
        measurement,
        unit="images/s",
        comparisons=[c for name in arguments.shapes for c in _comparisons(name)],
        columns=loaded.columns(measurement),
        in_process_batch=batches,
        before=harness.commit(arguments.before) if arguments.before else None,
    )
    verdict = "At 70 % of the rate of 64 clients: " + "; ".join(steady) + "."
    if arguments.before is not None:
        verdict += f' "Before" is commit {result["details"]["before"]}.'
    return result | {"verdict": verdict}


def _comparisons(name: str) -> Iterator[Comparison]:
    whole = f"{name} in process"
    yield Comparison(f"{name} gRPC array, 8 × 64", whole, 0.85)
    goals = {"gRPC array": None, "gRPC array batched": 0.35, "REST array batched": 0.5}
    for ours, goal in goals.items():
        yield Comparison(f"{name} {ours}, 64 × 1", whole, goal if name == "28x28x1" else None)
    yield Comparison(f"{name} gRPC array, 64 × 1", f"{name} ready-made gRPC, 64 × 1")
    for ours, clients in itertools.product(("gRPC array", "REST array"), (1, 8, 64)):
        loop = f"{clients} × 1"
        yield Comparison(f"{name} {ours} batched, {loop}", f"{name} {ours}, {loop}")
    loops = ("1 × 1", "8 × 1", "64 × 1", "8 × 64")
    for ours, loop in itertools.product(("gRPC array", "REST array"), loops):
        after = f"{name} {ours} batched, {loop}"
        yield Comparison(after, f"{after}, before", 0.97)


def _steady(name: str) -> list[str]:
    titles = ("gRPC array, 64 × 1", "gRPC array, 8 × 64", "gRPC array batched, 64 × 1")
    return [f"{name} {title}" for title in titles]


def _open_loop(closed: Loaded, rate: float, seconds: float) -> Loaded:
    """The same requests at a rate instead of by a number of clients."""
    return replace(closed, load=replace(closed.load, rate=rate, seconds=seconds))


def _clause(title: str, loop: Loaded, sample: Sample) -> str:
    """Latencies of an open loop, as a clause."""
    p50, p99 = ((sample.details or {})[key] for key in (P50, P99))
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
            key: stack.enter_context(start()) for key, start in _servers(models, before).items()
        }
        contenders: dict[str, Any] = {f"{name} in process": worker.contender("in process")}
        for key, title, wanted, clients in _loads(bulk_exports.SHAPES[name]):
            if key in servers:
                full = f"{name} {title}, {clients} × {wanted.rows}" + _SUFFIX.get(key, "")
                contenders[full] = loaded.closed_loop(
                    servers[key], wanted.load(), rows=wanted.rows, clients=clients, seconds=seconds
                )
        yield contenders, worker


def _servers(models: Path, before: Path | None) -> dict[str, Callable[[], Process]]:
    """What starts each server."""
    batching = (str(models), "--model_name=m", "--enable_batching")
    shape = json.dumps(bulk_exports.SHAPES[models.name])
    ready = [sys.executable, "-m", "benchmarks.ready_made", shape]
    servers: dict[str, Callable[[], Process]] = {
        "plain": lambda: gan_serve(str(models), "--model_name=m"),
        "batching": lambda: gan_serve(*batching),
        "ready-made": lambda: Process(ready),
    }
    if before is not None:
        servers["before"] = lambda: gan_serve(*batching, root=before)
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


# ---- The worker's side ---------------------------------------------------------------------------


def _works(models: str) -> tuple[dict[str, Callable[[], object]], int]:
    import numpy as np
    import tensorflow as tf

    function = tf.saved_model.load(os.path.join(models, "1")).signatures["generate"]

    def generate(size: int) -> None:
        for start in range(0, int(WORK), size):
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
