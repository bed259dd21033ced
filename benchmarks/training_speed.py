"""Images a second of a DCGAN's training step, beside the loops that people start from.

MNIST-shaped pictures (28×28×1), batches of 64, the players of the recipe dcgan-mnist, Adam with the
recipe's settings, everything fed from memory. Ours is what `gan train` plays, through its own
pipeline, with its moving average, counter-based noise and checks. The others:

- Keras' example: fresh latents, real and fake concatenated, run by `fit`;
- TensorFlow's tutorial: the simultaneous game;
- PyTorch's example: the alternating game on shared fakes.

The Keras loops run twice: with Keras' own layers, as published examples have them, and around the
product's players, which tells what is the loop's from what is the layers'.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import harness, stand_in
from benchmarks.harness import Comparison

_PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
# Name → what it differs in from the recipe.
_OURS = {
    "Saddlepoint": "round.fresh_latents=true",
    "Saddlepoint, shared fakes": "round.fresh_latents=false",
    "Saddlepoint, both at once": "round=simultaneous",
}
_TORCH = ("PyTorch example", "PyTorch example, channels last")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--steps", type=int, help="training steps of a run")
    parser.add_argument("--only", nargs="*", help="some of the contenders, by their whole names")
    parser.add_argument(
        "--torch-python",
        default=os.environ.get("BENCHMARKS_TORCH_PYTHON"),
        help="interpreter that has PyTorch (or BENCHMARKS_TORCH_PYTHON)",
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measures everything and returns the result."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    steps = arguments.steps or (5 if arguments.quick else 10)
    rounds = arguments.rounds or (3 if arguments.quick else 15)
    with tempfile.TemporaryDirectory() as folder:
        images = stand_in.write(Path(folder))
        experiments = {
            (precision, name): _experiment(images, precision, change)
            for precision in _PRECISIONS
            for name, change in _OURS.items()
        }
        settings = experiments["float32", "Saddlepoint"]
        batch_size, latent_size = settings.train.batch_size, settings.prior.size
        contenders = _tensorflow_contenders(experiments, steps)
        worker = _torch_worker(arguments, images, batch_size, latent_size, steps)
        if worker is not None:
            contenders |= {name: worker.contender(name) for name in worker.names}
        if arguments.only:
            contenders = {name: contenders[name] for name in arguments.only}
        measurement = harness.measure(
            contenders,
            work=float(steps * batch_size),
            rounds=rounds,
            warm_up=2,
            samples=arguments.kept,
        )
        if worker is not None:
            worker.close()
    ceilings = _ceilings(batch_size, repeats=20 if arguments.quick else 200)
    return harness.result(
        measurement,
        unit="images/s",
        comparisons=_comparisons(),
        absent=[] if worker else [f"{name}, {p}" for p in _PRECISIONS for name in _TORCH],
        columns=_columns(measurement, ceilings),
        batch_size=batch_size,
        steps_of_a_run=steps,
        threads=arguments.threads,
        ceilings={precision: c.as_dict() for precision, c in ceilings.items()},
        versions=worker.versions if worker else {},
    )


def _experiment(images: Path, precision: str, change: str) -> Any:
    from trainer.config.recipe import load_experiment

    changes = [
        f"data.source=npz:{images}",
        "data.holdout_share=0",
        f"train.precision={_PRECISIONS[precision]}",
        change,
    ]
    return load_experiment("dcgan-mnist", changes)


# ---- Contenders ----------------------------------------------------------------------------------


def _tensorflow_contenders(
    experiments: Mapping[tuple[str, str], Any], steps: int
) -> dict[str, harness.Contender]:
    from benchmarks.product import played
    from trainer.data import loading

    dataset = loading.load(experiments["float32", "Saddlepoint"].data)
    works: dict[str, Callable[[], object]] = {}
    for precision in _PRECISIONS:
        for name in _OURS:
            works[f"{name}, {precision}"] = played(experiments[precision, name], dataset, steps)
        works |= _published(experiments[precision, "Saddlepoint"], dataset, steps, precision)
    return {name: harness.Local(work) for name, work in works.items()}


def _published(
    experiment: Any, dataset: Any, steps: int, precision: str
) -> dict[str, Callable[[], None]]:
    import keras

    from benchmarks import keras_loops, players

    images = keras_loops.fed_from_memory(dataset.train["sample"], experiment.train.batch_size)
    loops = {
        "Keras example": keras_loops.keras_example,
        "TensorFlow tutorial": keras_loops.tensorflow_tutorial,
    }
    made_of = {"": players.stock, ", our players": players.product}
    works = {}
    for name, loop in loops.items():
        for suffix, make in made_of.items():
            adams = tuple(keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2))
            works[f"{name}{suffix}, {precision}"] = loop(
                make(experiment), adams, images, latent_size=experiment.prior.size, steps=steps
            )
    return works


def _torch_worker(
    arguments: argparse.Namespace, images: Path, batch_size: int, latent_size: int, steps: int
) -> harness.Worker | None:
    if arguments.torch_python is None:
        return None
    options = {
        "images": str(images),
        "batch_size": batch_size,
        "latent_size": latent_size,
        "steps": steps,
        "threads": arguments.threads,
    }
    return harness.Worker(arguments.torch_python, "benchmarks.torch_dcgan", options)


# ---- Comparisons and ceilings --------------------------------------------------------------------


def _comparisons() -> list[Comparison]:
    """The targets: 1.2 times Keras' example and no slower than the others at equal precision."""
    comparisons = []
    for ours in _OURS:
        at_once = ours == "Saddlepoint, both at once"
        for p in _PRECISIONS:
            tutorial = f"TensorFlow tutorial, our players, {p}"
            comparisons += [
                Comparison(f"{ours}, {p}", f"Keras example, {p}", 1.2),
                Comparison(f"{ours}, {p}", f"Keras example, our players, {p}"),
                Comparison(f"{ours}, {p}", f"TensorFlow tutorial, {p}", 1.0),
                # The same game: all that is between them is what a run does beside it.
                Comparison(f"{ours}, {p}", tutorial, 0.97 if at_once else None),
                *(Comparison(f"{ours}, {p}", f"{torch}, {p}", 1.0) for torch in _TORCH),
            ]
        comparisons.append(Comparison(f"{ours}, bfloat16", "Keras example, float32", 1.7))
    return comparisons


def _ceilings(batch_size: int, repeats: int) -> dict[str, Any]:
    import tensorflow as tf

    from benchmarks import convolutions

    return {
        precision: convolutions.ceiling(
            tf.as_dtype(precision), batch_size=batch_size, repeats=repeats
        )
        for precision in _PRECISIONS
    }


def _columns(
    measurement: harness.Measurement, ceilings: Mapping[str, Any]
) -> dict[str, dict[str, float]]:
    """GFLOP/s of the convolutions that each contender does, and their share of the ceiling."""
    from benchmarks import convolutions

    passes = {
        "Saddlepoint": convolutions.FRESH,
        "Saddlepoint, shared fakes": convolutions.SHARED,
        "Saddlepoint, both at once": convolutions.SIMULTANEOUS,
        "Keras example": convolutions.FRESH,
        "TensorFlow tutorial": convolutions.SIMULTANEOUS,
    } | dict.fromkeys(_TORCH, convolutions.PYTORCH)
    rates, shares = {}, {}
    for contender in measurement.samples:
        name, _, precision = contender.rpartition(", ")
        flops = convolutions.step_flops(passes[name.removesuffix(", our players")], 1)
        rates[contender] = round(measurement.summary(contender)["median"] * flops / 1e9, 1)
        shares[contender] = round(rates[contender] / ceilings[precision].gflops, 3)
    return {"GFLOP/s": rates, "share of ceiling": shares}
