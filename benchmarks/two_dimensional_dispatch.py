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

# Steps a call and batch sizes, by name.
_CONTENDERS = {
    "1 step a call": (1, 512),
    "10 steps a call": (10, 512),
    "50 steps a call": (50, 512),
    "50 steps a call, batches of 100": (50, 100),
}
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
        name: harness.Local(_play(length, batch_size, steps))
        for name, (length, batch_size) in _CONTENDERS.items()
    }
    rounds = arguments.rounds or (3 if arguments.quick else 11)
    measurement = harness.measure(contenders, work=float(steps), rounds=rounds)
    first, *others = (name for name, (_, batch_size) in _CONTENDERS.items() if batch_size == 512)
    return harness.result(
        measurement,
        unit="steps/s",
        comparisons=[Comparison(name, first) for name in others],
        columns={"share of arithmetic": _shares(measurement)},
        steps_of_a_run=steps,
        threads=arguments.threads,
    )


def _shares(measurement: harness.Measurement) -> dict[str, float]:
    """What the products alone would take, of what the steps take."""
    ceilings = {size: _ceiling(size) for size in {size for _, size in _CONTENDERS.values()}}
    return {
        name: round(measurement.summary(name)["median"] * size * _FLOPS_A_ROW / ceilings[size], 3)
        for name, (_, size) in _CONTENDERS.items()
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


def _play(length: int, batch_size: int, steps: int) -> Callable[[], None]:
    from benchmarks.product import played
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    experiment = load_experiment(
        "mlp-ring",
        [f"devices.steps_per_execution={length}", f"train.batch_size={batch_size}"],
    )
    return played(experiment, loading.load(experiment.data), steps)
