"""Steps a second of mlp-ring by steps played per call: its cost is dispatch, not arithmetic.

The share of arithmetic is what the step's products would take at the speed of one of them, played
over and over, of what the step takes.
"""

import argparse
import os
from collections.abc import Callable
from typing import Any

from benchmarks import harness
from benchmarks.harness import Comparison

_ONE = "1 step a call"
# Steps a call, batch sizes and XLA ("off": random words are not compiled either), by name.
_CONTENDERS = {
    _ONE: (1, 512, "auto"),
    "10 steps a call": (10, 512, "auto"),
    "50 steps a call": (50, 512, "auto"),
    "50 steps a call, no XLA": (50, 512, "off"),
    "50 steps a call, batches of 100": (50, 100, "auto"),
    "50 steps a call, batches of 100, no XLA": (50, 100, "off"),
}
_COMPARISONS = (
    Comparison("10 steps a call", _ONE),
    Comparison("50 steps a call", _ONE),
    Comparison("50 steps a call", "50 steps a call, no XLA"),
    Comparison("50 steps a call, batches of 100", "50 steps a call, batches of 100, no XLA"),
)
# Products of a row, in numbers of weights: of two hidden layers of 128, each turn's passes forward
# and back (the discriminator's on real and fake examples).
_GENERATOR, _DISCRIMINATOR = 2 * 128 + 128 * 128 + 128 * 2, 2 * 128 + 128 * 128 + 128
_FLOPS_A_ROW = 2 * (4 * _GENERATOR + 8 * _DISCRIMINATOR)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--steps", type=int, help="training steps of a run, a multiple of 50")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measures everything and returns the result."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    steps = arguments.steps or (100 if arguments.quick else 500)
    contenders = {
        name: harness.Local(_play(length, batch_size, xla, steps))
        for name, (length, batch_size, xla) in _CONTENDERS.items()
    }
    rounds = arguments.rounds or (3 if arguments.quick else 11)
    measurement = harness.measure(
        contenders, work=float(steps), rounds=rounds, samples=arguments.kept
    )
    return harness.result(
        measurement,
        unit="steps/s",
        comparisons=_COMPARISONS,
        columns={"share of arithmetic": _shares(measurement)},
        steps_of_a_run=steps,
        threads=arguments.threads,
    )


def _shares(measurement: harness.Measurement) -> dict[str, float]:
    """What the products alone would take, of what the steps take."""
    ceilings = {size: _ceiling(size) for size in {size for _, size, _ in _CONTENDERS.values()}}
    return {
        name: round(measurement.summary(name)["median"] * size * _FLOPS_A_ROW / ceilings[size], 3)
        for name, (_, size, _) in _CONTENDERS.items()
    }


def _ceiling(rows: int, products: int = 1000) -> float:
    """Operations a second of products [rows, 128] · [128, 128], one after the other."""
    import tensorflow as tf

    x, weights = tf.random.normal([rows, 128]), tf.random.normal([128, 128]) / 128.0**0.5

    @tf.function
    def play() -> tf.Tensor:
        y = x
        for _ in tf.range(products):
            y = tf.matmul(y, weights)
        return y

    play()
    seconds = min(harness.timed(lambda: play().numpy()).seconds for _ in range(5))
    return products * 2.0 * rows * 128 * 128 / seconds


def _play(length: int, batch_size: int, xla: str, steps: int) -> Callable[[], None]:
    from benchmarks.product import played
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    experiment = load_experiment(
        "mlp-ring",
        [
            f"devices.steps_per_execution={length}",
            f"train.batch_size={batch_size}",
            f"devices.xla={xla}",
        ],
    )
    return played(experiment, loading.load(experiment.data), steps)
