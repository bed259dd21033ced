"""What several workers exchange in a step, counted in its graph; and how far they scale, on paper.

Two processes on loopback join as workers and trace a step of each recipe, which nobody plays: its
collective operations say what is exchanged. No GPU and no network was at hand: what they do in a
second is assumed, and said with the table.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

_RECIPES = {
    "dcgan at 64x64": (
        "photos-64",
        ["network={name: dcgan, base_filters: 64}", "objective=non_saturating", "penalties=[]"],
    ),
    "photos-64": ("photos-64", []),
}
# Assumed: images/s of one GPU alone; the links between those of one machine, and between machines.
_ALONE = {"dcgan at 64x64": 3000, "photos-64": 300}
_LINKS = {"within": 100e9, "between": 10e9}
_LATENCY = {"within": 20e-6, "between": 50e-6}
_GPUS = (1, 2, 8, 32)
_GPUS_OF_A_MACHINE = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--batch", type=int, default=32, help="pictures of a step on each GPU")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Counts what each recipe exchanges, and returns the result."""
    names = [*_RECIPES][: 1 if arguments.quick else None]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            counted = _counted(name, arguments.batch, folder)
            rows.append(
                {
                    "contender": name,
                    **_row(counted, arguments.batch / _ALONE[name], arguments.batch),
                }
            )
    assumed = {
        "images_per_second_of_a_gpu": _ALONE,
        "bytes_per_second": _LINKS,
        "seconds_of_an_operation": _LATENCY,
        "gpus_of_a_machine": _GPUS_OF_A_MACHINE,
    }
    return {"rows": rows, "details": {"batch_of_a_gpu": arguments.batch, "assumed": assumed}}


def _row(counted: dict[str, int], alone: float, batch: int) -> dict[str, Any]:
    rates = {
        f"images/s, {gpus} GPU{'s' * (gpus > 1)}": round(
            gpus * batch / (alone + exchange_seconds(counted, gpus))
        )
        for gpus in _GPUS
    }
    return {
        "MB exchanged in a step": round(counted["bytes"] / 1e6, 1),
        "operations in a step": counted["operations"],
        **rates,
    }


def exchange_seconds(counted: dict[str, int], gpus: int) -> float:
    """Of the exchanges of a step among so many GPUs, one after the other.

    A ring passes 2 (n - 1) / n of the bytes through each of its links, the slowest of which counts.

    Args:
        counted: "bytes" that a GPU gives away, and the number of "operations".
        gpus: n.
    """
    if gpus == 1:
        return 0.0
    link = "within" if gpus <= _GPUS_OF_A_MACHINE else "between"
    seconds = 2 * (gpus - 1) / gpus * counted["bytes"] / _LINKS[link]
    return float(seconds + counted["operations"] * _LATENCY[link])


def _counted(name: str, batch: int, folder: str) -> dict[str, int]:
    """What the chief of two workers counts; both trace the same step."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as b:
        addresses = [f"127.0.0.1:{s.getsockname()[1]}" for s in (one, b)]
    task = json.dumps({"name": name, "batch": batch, "folder": folder})
    command = [sys.executable, "-m", "benchmarks.worker_traffic", task]
    workers = []
    for index in range(2):
        place = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(place), "TF_CPP_MIN_LOG_LEVEL": "2"}
        workers.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        )
    said = [worker.communicate()[0] for worker in workers]
    counted: dict[str, int] = json.loads(said[0].splitlines()[-1])
    return counted


def _traced(task: dict[str, Any]) -> dict[str, int]:
    """A worker's part of a step, counted in the graph."""
    from trainer.config.experiment import Devices
    from trainer.run.workers import joined

    workers = joined(Devices(kind="cpu"))
    from trainer.config.recipe import load_experiment
    from trainer.data import loading, pipeline
    from trainer.game.assembly import assemble
    from trainer.run import distribution
    from trainer.run.play import play_function

    recipe, changes = _RECIPES[task["name"]]
    source = _write(Path(task["folder"], str(workers.index)))
    changes = [f"data.source=npz:{source}", f"train.batch_size={2 * task['batch']}", *changes]
    experiment = load_experiment(recipe, changes)
    dataset = loading.load(experiment.data)
    with workers.strategy.scope():
        game = assemble(experiment, dataset.spec, replicas=2, examples=dataset.train)
    iterator = distribution.distributed(
        workers.strategy,
        lambda share: pipeline.batches(
            dataset.train,
            batch_size=experiment.train.batch_size,
            turns=game.gan.round.turns,
            seed=0,
            share=share,
        ),
    )
    play: Any = play_function(game, workers.strategy, False)
    counted = _of_graph(play.get_concrete_function(1, iterator).graph)
    workers.gathered([0])  # Neither ends before the other has traced.
    return counted


def _of_graph(graph: Any) -> dict[str, int]:
    inputs = [
        operation.inputs[0]
        for operation in graph.get_operations()
        if operation.type.startswith(("CollectiveReduce", "CollectiveGather"))
    ]
    return {
        "bytes": sum(x.shape.num_elements() * x.dtype.size for x in inputs),
        "operations": len(inputs),
    }


def _write(folder: Path) -> Path:
    """Pictures of noise, the same for all."""
    folder.mkdir(exist_ok=True)
    path = folder / "images.npz"
    if not path.exists():
        pixels = np.random.RandomState(0).randint(0, 256, (100, 128, 128, 3)).astype(np.uint8)
        np.savez(path, images=pixels)
    return path


if __name__ == "__main__":
    print(json.dumps(_traced(json.loads(sys.argv[1]))))
