"""A whole training run, started as a user starts it: pipeline, pictures, checkpoints and all.

Training goes into a new directory and stays there, with its pictures to look at; the rate is that
of the whole run, from the first step to the last checkpoint.
"""

import argparse
import os
from pathlib import Path
from typing import Any

from benchmarks import harness


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--recipe", default="dcgan-mnist", help="what to train")
    parser.add_argument("--data-dir", help="where prepared tensorflow-datasets lie")
    parser.add_argument("--run-dir", type=Path, default=Path("runs/benchmark"), help="a new one")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains, and returns the result."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    from benchmarks.convolutions import FRESH, SHARED, ceiling, step_flops
    from trainer.config.recipe import load_experiment
    from trainer.run.directory import RunDirectory
    from trainer.training import train

    changes = [f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []
    experiment = load_experiment(
        arguments.recipe, [*changes, *(["train.steps=50"] if arguments.quick else [])]
    )
    batch, steps = experiment.train.batch_size, experiment.train.steps
    sample = harness.timed(lambda: train(experiment, arguments.run_dir, progress=False))
    best = ceiling(tf.float32, batch_size=batch, repeats=20 if arguments.quick else 200)
    examples = RunDirectory(arguments.run_dir).read_spec().count
    rate = batch * steps / sample.seconds
    passes = FRESH if getattr(experiment.round, "fresh_latents", True) else SHARED
    gflops = rate * step_flops(passes, 1) / 1e9
    return harness.result(
        harness.Measurement(float(batch * steps), {arguments.recipe: [sample]}),
        unit="images/s",
        comparisons=[],
        columns={
            "epochs": {arguments.recipe: round(batch * steps / examples, 2)},
            "minutes": {arguments.recipe: round(sample.seconds / 60, 1)},
            "share of the convolutions' ceiling": {
                arguments.recipe: round(gflops / best.gflops, 3)
            },
        },
        steps=steps,
        seed=experiment.seed,
        config_hash=experiment.hash,
        examples=examples,
    )
