"""What remedies cost the DCGAN on 32x32 colour pictures: a step of each beside a plain one.

Batches of 64, one discriminator turn on latents of its own, layer norm in the discriminator of
all of them (a gradient penalty refuses batch norm). The lazy penalty is played in one step of
sixteen, so its runs must have a multiple of that.
"""

import argparse
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import harness, stand_in
from benchmarks.harness import Comparison

_PLAIN = "plain"
# Overrides, and the share of the plain speed that is hoped for.
_REMEDIES: Mapping[str, tuple[Sequence[str], float]] = {
    "WGAN-GP": (["objective=wasserstein", "penalties=[gradient_penalty]"], 0.55),
    "R1": (["penalties=[r1]"], 0.55),
    "R1 and R2": (["penalties=[r1, r2]"], 0.42),
    "R1 every 16 steps": (["penalties=[{name: r1, every: 16}]"], 0.93),
    "unrolled 5 steps": (["wrappers=[{name: unroll, steps: 5}]"], 0.1),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--steps", type=int, help="training steps of a run")
    parser.add_argument("--only", nargs="*", help="some of the remedies")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measures everything and returns the result."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    from benchmarks.product import played
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    steps = arguments.steps or 16
    rounds = arguments.rounds or (1 if arguments.quick else 5)
    remedies = {n: r for n, r in _REMEDIES.items() if not arguments.only or n in arguments.only}
    with tempfile.TemporaryDirectory() as folder:
        images = stand_in.write(Path(folder))
        shared = [
            *(f"data.source=npz:{images}", "data.size=32", "data.channels=3"),
            *("train.batch_size=64", "round.fresh_latents=true"),
            "network.discriminator_normalization=layer",
        ]
        games = {_PLAIN: [], **{name: overrides for name, (overrides, _) in remedies.items()}}
        experiments = {n: load_experiment("dcgan-mnist", [*shared, *o]) for n, o in games.items()}
        dataset = loading.load(experiments[_PLAIN].data)
        contenders = {n: harness.Local(played(e, dataset, steps)) for n, e in experiments.items()}
        measurement = harness.measure(
            contenders, work=float(steps), rounds=rounds, samples=arguments.kept
        )
    return harness.result(
        measurement,
        unit="steps/s",
        comparisons=[Comparison(n, _PLAIN, goal) for n, (_, goal) in remedies.items()],
        steps_of_a_run=steps,
        threads=arguments.threads,
        batch_size=64,
    )
