"""Bulk generation by Dask's workers beside this machine's own: what a shard costs more.

One export (28x28x1, as in `bulk_throughput`), TFRecord, one thread a worker, everything on this
machine: a scheduler, and one or two workers that stay up from run to run. Commands are timed from
start to manifest and, for their rate, from the end of the second shard of each worker on.

The model is loaded anew for each run by every worker, of either kind. Processor time is the
command's own; Dask's workers are no children of it.
"""

import argparse
import importlib.util
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import bulk_exports, harness
from benchmarks.bulk_commands import Command, Scaled
from benchmarks.dask_cluster import Cluster
from benchmarks.harness import Comparison, Contender

_SHAPE = "28x28x1"
_ROWS = 1024
_OWN_ONE, _OWN = "1 own worker", "2 own workers"
_ONE, _TWO = "1 Dask worker", "2 Dask workers"
_MILLION = 1e6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--shards", type=int, default=64, help="shards of a run")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measures everything and returns the result.

    Raises:
        SystemExit: Beam or Dask is not installed.
    """
    if not all(importlib.util.find_spec(name) for name in ("apache_beam", "distributed")):
        raise SystemExit("bulk_dask: Dask is not installed; pip install 'saddlepoint[dask]'.")
    shards = 8 if arguments.quick else arguments.shards
    rounds = arguments.rounds or (1 if arguments.quick else 5)
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        models = bulk_exports.make(_SHAPE, folder)
        commands: dict[str, Command] = {
            name: _command(models, folder, [f"--workers={number}"], shards, number)
            for name, number in ((_OWN_ONE, 1), (_OWN, 2))
        }
        for name, number in ((_ONE, 1), (_TWO, 2)):
            cluster = _cluster(folder / name, number)
            stack.callback(cluster.close)
            options = ["--runner=DaskRunner", f"--dask_client_address={cluster.address}"]
            commands[name] = _command(models, folder, options, shards, number)
        contenders: dict[str, Contender] = {
            name: Scaled(command, _MILLION / command.counted) for name, command in commands.items()
        }
        measurement = harness.measure(contenders, work=_MILLION, rounds=rounds, warm_up=0)
    columns: dict[str, dict[str, Any]] = {}
    for name, command in commands.items():
        for title, value in command.columns.items():
            columns.setdefault(title, {})[name] = value
        seconds = _ROWS * command.processes / measurement.summary(name)["median"]
        columns.setdefault("s of a worker for a shard", {})[name] = round(seconds, 3)
    return harness.result(
        measurement,
        unit="images/s",
        comparisons=[
            Comparison(_TWO, _ONE, 1.85),
            # What the machine itself makes of a second process.
            Comparison(_OWN, _OWN_ONE),
            Comparison(_TWO, _OWN),
        ],
        columns=columns,
        samples_of_a_shard=_ROWS,
        shards=shards,
    )


def _command(
    models: Path, folder: Path, options: list[str], shards: int, processes: int
) -> Command:
    return Command(models, folder, [*options, "--batch-size=64"], _ROWS, shards, processes)


def _cluster(folder: Path, workers: int) -> Cluster:
    folder.mkdir()
    cluster = Cluster(folder)
    for _ in range(workers):
        cluster.worker()
    cluster.wait_for_workers(workers)
    return cluster
