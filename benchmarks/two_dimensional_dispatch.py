"""Steps a second of mlp-ring by steps played per call: its cost is dispatch, not arithmetic."""

import argparse
import os
from collections.abc import Callable
from typing import Any

from benchmarks import harness
from benchmarks.harness import Comparison

_LENGTHS = (1, 10, 50)


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
    contenders = {_name(length): harness.Local(_play(length, steps)) for length in _LENGTHS}
    rounds = arguments.rounds or (3 if arguments.quick else 11)
    return harness.result(
        harness.measure(contenders, work=float(steps), rounds=rounds),
        unit="steps/s",
        comparisons=[Comparison(_name(length), _name(1)) for length in _LENGTHS[1:]],
        steps_of_a_run=steps,
        threads=arguments.threads,
    )


def _name(length: int) -> str:
    return f"{length} steps a call" if length > 1 else "1 step a call"


def _play(length: int, steps: int) -> Callable[[], None]:
    from benchmarks.product import played
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    experiment = load_experiment("mlp-ring", [f"devices.steps_per_execution={length}"])
    return played(experiment, loading.load(experiment.data), steps)
