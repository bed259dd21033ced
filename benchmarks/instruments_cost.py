"""What reading the instruments costs a run of the DCGAN on 32x32 colour pictures, batches of 64.

A step that is read is timed beside one that is not, on the same game and pipeline; of a run it
costs the difference once every `run.instruments_every` steps, and once the time to trace it.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import harness, stand_in
from benchmarks.harness import Comparison

_PLAIN, _READ = "a step", "a step that is read"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--steps", type=int, help="training steps of a run")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measures everything and returns the result."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    steps = arguments.steps or (1 if arguments.quick else 4)
    rounds = arguments.rounds or (3 if arguments.quick else 9)
    with tempfile.TemporaryDirectory() as folder:
        experiment = _experiment(stand_in.write(Path(folder)))
        works, first = _works(experiment, steps)
        contenders = {name: harness.Local(work) for name, work in works.items()}
        measurement = harness.measure(
            contenders, work=float(steps), rounds=rounds, samples=arguments.kept
        )
    every = experiment.run.instruments_every
    ratio = measurement.ratio(Comparison(_PLAIN, _READ))
    return harness.result(
        measurement,
        unit="steps/s",
        comparisons=[Comparison(_READ, _PLAIN)],
        columns={"first call, s": first},
        steps_of_a_run=steps,
        threads=arguments.threads,
        batch_size=experiment.train.batch_size,
        instruments_every=every,
        share_of_a_run={n: round((ratio[n] - 1.0) / every, 5) for n in ("median", "cpu")},
        share_of_a_run_goal=0.02,
    )


def _experiment(images: Path) -> Any:
    from trainer.config.recipe import load_experiment

    changes = ["data.size=32", "data.channels=3", "train.batch_size=64"]
    return load_experiment("dcgan-mnist", [f"data.source=npz:{images}", *changes])


def _works(experiment: Any, steps: int) -> tuple[dict[str, Callable[[], None]], dict[str, float]]:
    """Steps of either kind, and the seconds of their first call."""
    import tensorflow as tf

    from trainer.data import loading, pipeline
    from trainer.game.assembly import assemble
    from trainer.run.play import play_function

    dataset = loading.load(experiment.data)
    game, strategy = assemble(experiment, dataset.spec), tf.distribute.get_strategy()
    batch_size, seed = experiment.train.batch_size, experiment.seed
    batches, held_out = (
        iter(pipeline.batches(examples, batch_size=batch_size, seed=seed))
        for examples in (dataset.train, dataset.held_out)
    )
    works: dict[str, Callable[[], None]] = {}
    first: dict[str, float] = {}
    for name, iterators in {_PLAIN: (batches,), _READ: (batches, held_out)}.items():
        play = play_function(game, strategy, False, read=name == _READ)

        def work(play: Any = play, iterators: Any = iterators, count: int = steps) -> None:
            for _ in range(count):
                for values in play(1, *iterators).values():
                    values.numpy()

        begun = time.perf_counter()
        work(count=1)
        first[name] = round(time.perf_counter() - begun, 1)
        works[name] = work
    return works, first
