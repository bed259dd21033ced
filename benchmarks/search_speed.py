"""Completions a second: one call with many rows beside a call for each row, of one signature."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import harness, trained

RECIPE = "inpainting-digits"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--rows", type=int, default=64, help="of the large call")
    parser.add_argument("--search", type=int, default=200, help="steps of every search")
    parser.add_argument("--filters", type=int, default=64, help="base filters of the networks")
    parser.add_argument("--work", type=Path, default=Path("runs/speed"), help="folder of runs")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains a few steps, for speed asks for no more, and returns the result."""
    import tensorflow as tf

    from benchmarks.searched import opened
    from trainer.commands.base import start_tensorflow

    overrides = [f"network.base_filters={arguments.filters}", *trained.plainly(20)]
    job = trained.Job(f"{RECIPE}-{arguments.filters}", RECIPE, overrides, evaluation=None)
    made = trained.make({RECIPE: job}, arguments.work, workers=1, threads=arguments.threads)[RECIPE]
    start_tensorflow()
    steps = 5 if arguments.quick else arguments.search
    game = opened(made.run_dir, {"name": "complete", "steps": steps, "window": 3})
    function = tf.function(game.live.signatures["complete"].function, autograph=False)
    count = arguments.rows
    random = np.random.RandomState(0)
    inputs = {
        "image": tf.constant(random.randint(0, 256, (count, 8, 8, 1)).astype(np.uint8)),
        "mask": tf.constant(random.randint(0, 2, (count, 8, 8, 1)).astype(np.uint8)),
        "seed": tf.range(count, dtype=tf.int64),
    }
    together, alone = f"one call of {count} rows", f"{count} calls of one row"

    def one_by_one() -> None:
        for row in range(count):
            function(**{name: values[row : row + 1] for name, values in inputs.items()})

    measurement = harness.measure(
        {together: harness.Local(lambda: function(**inputs)), alone: harness.Local(one_by_one)},
        work=count,
        rounds=arguments.rounds or (1 if arguments.quick else 5),
        samples=arguments.kept,
    )
    return harness.result(
        measurement,
        unit="completions/s",
        comparisons=[harness.Comparison(together, alone, target=4.0)],
        steps=steps,
        recipe=RECIPE,
        filters=arguments.filters,
    )
