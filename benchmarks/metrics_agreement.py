"""Our metrics beside other implementations, on the same features in float64.

Every peer is asked for the same protocol: unbiased covariances, all samples as one subset, one
split. What then differs is the definition or the arithmetic.
"""

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import metrics_peers, metrics_sets

_TARGET = 1e-6
# Where a peer's convention is another, and what that does to the value.
_CONVENTIONS = {
    ("precision", "torch-fidelity"): "edge counts as inside",
    ("recall", "torch-fidelity"): "edge counts as inside",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument(
        "--peers-python",
        default=os.environ.get("BENCHMARKS_PEERS_PYTHON"),
        help="interpreter that has the other implementations (or BENCHMARKS_PEERS_PYTHON)",
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Compares everything and returns the result."""
    if arguments.peers_python is None:
        raise SystemExit("give --peers-python: an interpreter with benchmarks/metrics_peers.py's")
    rows: list[dict[str, Any]] = []
    versions: dict[str, str] = {}
    for name, (real, fake) in _sets(arguments.quick).items():
        scores = metrics_sets.logits(len(real), 100)
        ours = _ours(real, fake, scores)
        peers = _peers(arguments, real, fake, scores)
        versions = peers["versions"]
        rows += _rows(name, ours, peers["values"])
    same = [row for row in rows if not row["difference of convention"]]
    worst = max(row["relative difference"] for row in same)
    return {
        "rows": rows,
        "details": {"versions": versions, "target": _TARGET, "worst": worst},
        "verdict": f"largest difference of one protocol: {worst:.1e}, "
        f"target {_TARGET:.0e}: {'met' if worst <= _TARGET else 'missed'}",
    }


def _sets(quick: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    sets = {"Gaussians, 1000 × 64": metrics_sets.gaussians(1000, 64)}
    if not quick:
        sets["Gaussians, 4000 × 512"] = metrics_sets.gaussians(4000, 512)
        sets["rectified, 10 000 × 2048"] = metrics_sets.rectified(10000, 2048)
    return sets


def _ours(real: np.ndarray, fake: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    from trainer.metrics.frechet import frechet_distance
    from trainer.metrics.inception import inception_score
    from trainer.metrics.kernel import kernel_distance, maximum_mean_discrepancy
    from trainer.metrics.manifold import prdc

    bandwidth = metrics_peers.BANDWIDTH * real.shape[1] ** 0.5
    estimates = {
        "Fréchet distance": frechet_distance(real, fake),
        "kernel distance": kernel_distance(real, fake),
        "Gaussian MMD²": maximum_mean_discrepancy(real, fake, bandwidth),
        **prdc(real, fake, metrics_peers.NEIGHBOUR)._asdict(),
        "Inception score": inception_score(scores),
    }
    return {name: estimate.value for name, estimate in estimates.items()}


def _peers(
    arguments: argparse.Namespace, real: np.ndarray, fake: np.ndarray, scores: np.ndarray
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        data = metrics_sets.write(Path(folder) / "features.npz", real, fake, scores)
        options = {"data": str(data), "threads": arguments.threads}
        done = subprocess.run(
            [arguments.peers_python, "-m", "benchmarks.metrics_peers", json.dumps(options)],
            cwd=Path(__file__).parents[1],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _rows(
    name: str, ours: Mapping[str, float], peers: Mapping[str, Mapping[str, Mapping[str, float]]]
) -> Iterator[dict[str, Any]]:
    for implementations in peers.values():
        for peer, values in implementations.items():
            for metric, value in values.items():
                yield {
                    "features": name,
                    "metric": metric,
                    "Saddlepoint": ours[metric],
                    "peer": peer,
                    "its value": value,
                    "relative difference": abs(ours[metric] / value - 1.0),
                    "difference of convention": _CONVENTIONS.get((metric, peer), ""),
                }
