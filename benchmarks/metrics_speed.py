"""Seconds that metrics take beside other implementations: 10 000 × 2048 float32 features a side.

Each implementation gets the features in float32, as extractors give them, and does what it does
with them: the others compute kernel distances in float32 throughout. Ours include the standard
errors, which no other has.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import harness, metrics_agreement, metrics_sets
from benchmarks.harness import Comparison, Measurement

_OURS = "Saddlepoint"
_METRICS = ("Fréchet distance", "kernel distance", "manifolds")

add_arguments = metrics_agreement.add_arguments


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measures everything and returns the result."""
    shape = (2000, 256) if arguments.quick else (10000, 2048)
    rounds = arguments.rounds or 3
    real, fake = metrics_sets.rectified(*shape)
    contenders: dict[str, harness.Contender] = {
        name: harness.Local(work) for name, work in _ours(real, fake).items()
    }
    with tempfile.TemporaryDirectory() as folder:
        worker = _worker(arguments, Path(folder), real, fake)
        if worker is not None:
            contenders |= {name: worker.contender(name) for name in worker.names}
        by_metric = {
            metric: {name: c for name, c in contenders.items() if name.startswith(metric)}
            for metric in _METRICS
        }
        measurements = {
            metric: harness.measure(those, work=1.0, rounds=rounds, samples=arguments.kept)
            for metric, those in by_metric.items()
        }
        if worker is not None:
            worker.close()
    return {
        "rows": [row for m in measurements.values() for row in _rows(m)],
        "ratios": [ratio for m in measurements.values() for ratio in _ratios(m)],
        "details": {
            "samples": shape[0],
            "features": shape[1],
            "rounds": rounds,
            "threads": arguments.threads,
            "versions": worker.versions if worker else {},
        },
    }


def _ours(real: np.ndarray, fake: np.ndarray) -> dict[str, Callable[[], object]]:
    from trainer.metrics.frechet import frechet_distance
    from trainer.metrics.kernel import kernel_distance
    from trainer.metrics.manifold import prdc

    return {
        f"Fréchet distance: {_OURS}": lambda: frechet_distance(real, fake),
        f"kernel distance: {_OURS}": lambda: kernel_distance(real, fake),
        f"manifolds: {_OURS}": lambda: prdc(real, fake),
    }


def _worker(
    arguments: argparse.Namespace, folder: Path, real: np.ndarray, fake: np.ndarray
) -> harness.Worker | None:
    if arguments.peers_python is None:
        return None
    data = metrics_sets.write(folder / "features.npz", real, fake, metrics_sets.logits(100, 10))
    options = {"data": str(data), "threads": arguments.threads, "serve": _METRICS}
    return harness.Worker(arguments.peers_python, "benchmarks.metrics_peers", options)


def _rows(measurement: Measurement) -> list[dict[str, Any]]:
    rows = []
    for name, samples in measurement.samples.items():
        seconds = [sample.seconds for sample in samples]
        metric, _, implementation = name.partition(": ")
        rows.append(
            {
                "metric": metric,
                "implementation": implementation,
                "seconds, median": round(statistics.median(seconds), 2),
                "lowest": round(min(seconds), 2),
                "highest": round(max(seconds), 2),
                "CPU seconds": round(statistics.median(s.cpu_seconds for s in samples), 2),
            }
        )
    return rows


def _ratios(measurement: Measurement) -> list[dict[str, Any]]:
    """Ours to every other; no slower than any is the target."""
    ours, *others = measurement.samples
    return [measurement.ratio(Comparison(ours, other, 1.0)) for other in others]
