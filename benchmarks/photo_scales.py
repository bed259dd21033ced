"""Parameters, memory and speed of the recipes for photographs, and of what else could be taken.

Each contender plays steps in a process of its own, on pictures of noise: what they show changes
neither memory nor speed. Time is processor time, which a busy machine changes little.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

_RECIPES = ("photos-64", "photos-128", "photos-256")
# What else could make photographs of 64x64.
_PLAIN = ["penalties=[]"]
_OTHERS = {
    "dcgan": ["network={name: dcgan, base_filters: 64}", "objective=non_saturating", *_PLAIN],
    "stylegan2": [
        "network={name: stylegan2, base_filters: 64}",
        "round=style_based",
        "prior={name: gaussian, size: 512}",
        "objective=non_saturating",
        "penalties=[{name: r1, every: 16}]",
    ],
}
_PICTURES = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--batch", type=int, default=4, help="pictures of a step")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measures every contender in a process of its own, and returns the result."""
    wanted: dict[str, tuple[str, list[str]]] = {
        name: (name, []) for name in _RECIPES[: 1 if arguments.quick else None]
    }
    wanted |= {f"{name} at 64x64": ("photos-64", sets) for name, sets in _OTHERS.items()}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (recipe, changes) in wanted.items():
            task = {
                "recipe": recipe,
                "changes": [*changes, f"train.batch_size={arguments.batch}"],
                "folder": folder,
                "steps": arguments.rounds or 2,
                "threads": arguments.threads,
            }
            command = [sys.executable, "-m", "benchmarks.photo_scales", json.dumps(task)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            rows.append({"contender": name, **json.loads(done.stdout.splitlines()[-1])})
    return {"rows": rows, "details": {"batch_size": arguments.batch, "threads": arguments.threads}}


def _measured(task: dict[str, Any]) -> dict[str, Any]:
    """What a contender's steps take here."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    from benchmarks import harness
    from trainer.config.recipe import load_experiment
    from trainer.data import loading, pipeline
    from trainer.game.assembly import assemble
    from trainer.run.play import play_function

    tf.config.threading.set_intra_op_parallelism_threads(task["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(task["threads"])
    images = _write(Path(task["folder"]))
    experiment = load_experiment(
        task["recipe"], [f"data.source=npz:{images}", "data.holdout_share=0", *task["changes"]]
    )
    dataset = loading.load(experiment.data)
    game = assemble(experiment, dataset.spec)
    gan, batch = game.gan, experiment.train.batch_size
    batches = iter(pipeline.batches(dataset.train, batch_size=batch, turns=gan.round.turns, seed=0))
    play = play_function(game, tf.distribute.get_strategy(), False)
    before = _peak()

    def steps(count: int) -> None:
        for _ in range(count):
            for values in play(1, batches).values():
                values.numpy()

    steps(1)
    sample = harness.timed(lambda: steps(task["steps"]))
    parameters = {name: model.count_params() for name, model in gan.networks.items()}
    judge = parameters.pop("discriminator")
    return {
        "size": "x".join(map(str, dataset.spec.sample.shape)),
        "generator, million parameters": round(sum(parameters.values()) / 1e6, 2),
        "discriminator, million parameters": round(judge / 1e6, 2),
        "peak memory, GiB": round(_peak() / 2**20, 2),
        "of a picture in a step, MiB": round((_peak() - before) / 2**10 / batch, 1),
        "processor seconds a picture": round(sample.cpu_seconds / task["steps"] / batch, 3),
    }


def _peak() -> int:
    """The largest resident size so far, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _write(folder: Path) -> Path:
    path = folder / "images.npz"
    if not path.exists():
        shape = (_PICTURES, 256, 256, 3)
        np.savez(path, images=np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8))
    return path


if __name__ == "__main__":
    print(json.dumps(_measured(json.loads(sys.argv[1]))))
