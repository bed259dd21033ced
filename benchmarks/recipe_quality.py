"""How good the recipes are: trained with several seeds and evaluated under one protocol.

Runs lie in a folder by recipe and seed; one that is there is resumed, so a broken-off benchmark
goes on. The floor is what real examples score that take the generator's place.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from trainer.catalogue import METRIC_INFO

_RECIPES = ("dcgan-mnist", "cgan-mnist", "dcgan-fashion", "mlp-ring")
# What says nothing where real training examples play the generator.
_ABOUT_TRAINING = ("memorisation", "authenticity")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--recipes", nargs="+", default=list(_RECIPES))
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0, 1, …")
    parser.add_argument("--steps", type=int, help="of image recipes; default the recipe's own")
    parser.add_argument("--precision", default="float32", help="of image recipes")
    parser.add_argument("--data-dir", help="where prepared tensorflow-datasets lie")
    parser.add_argument("--work", type=Path, default=Path("runs/quality"), help="folder of runs")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, evaluates, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    rows, runs, protocols = [], [], {}
    for recipe in arguments.recipes:
        measured = [_measure(arguments, recipe, seed) for seed in range(arguments.seeds)]
        runs += measured
        protocols[recipe] = measured[0]["evaluation"]["protocol"]
        rows += [_row(recipe, measured), _floor(arguments, recipe)]
    return {"rows": by_number(rows), "details": {"runs": runs, "protocols": protocols}}


def by_number(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row a number, a column a recipe; the floor of one source stands there once."""
    columns = {row["samples"]: row for row in rows}
    numbers = ["steps (epochs)", "minutes", *METRIC_INFO]
    return [
        {"number": number} | {name: column.get(number, "") for name, column in columns.items()}
        for number in numbers
        if any(number in column for column in columns.values())
    ]


def _overrides(arguments: argparse.Namespace, recipe: str, seed: int) -> list[str]:
    overrides = [f"seed={seed}"]
    if "mnist" in recipe or "fashion" in recipe:
        overrides += [f"train.precision={arguments.precision}", "run.checkpoint_every=2500"]
        overrides += [f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []
        overrides += [f"train.steps={arguments.steps}"] if arguments.steps else []
    return [*overrides, "train.steps=20"] if arguments.quick else overrides


def _measure(arguments: argparse.Namespace, recipe: str, seed: int) -> dict[str, Any]:
    """One run's numbers by key, with its length and the minutes that its steps took."""
    from trainer.config.recipe import load_experiment
    from trainer.evaluation.card import examples_per_step, training_seconds
    from trainer.evaluation.workflow import evaluate_path
    from trainer.run.directory import RunDirectory
    from trainer.training import train

    experiment = load_experiment(recipe, _overrides(arguments, recipe, seed))
    run_dir = str(arguments.work / f"{recipe}-{seed}")
    train(experiment, run_dir, progress=False)
    expensive = ["evaluate.metrics=[gan_train]"] if experiment.condition.name == "label" else None
    outcome = evaluate_path(run_dir)
    numbers = {n.key: n.value for n in outcome.evaluations[0].numbers}
    if expensive and not arguments.quick:
        extra = evaluate_path(run_dir, expensive, report=str(arguments.work / "gan_train.html"))
        numbers |= {n.key: n.value for n in extra.evaluations[0].numbers}
    run_directory = RunDirectory(run_dir)
    steps = experiment.train.steps
    seconds = training_seconds(experiment, run_directory.rows("metrics.jsonl"), steps)
    return {
        "recipe": recipe,
        "seed": seed,
        "steps": steps,
        "epochs": steps * examples_per_step(experiment) / run_directory.read_spec().count,
        "minutes": (seconds or 0.0) / 60.0,
        "numbers": numbers,
        "evaluation": outcome.evaluations[0].as_dict(),
    }


def _row(recipe: str, measured: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and standard deviation over the seeds."""
    first = measured[0]
    row: dict[str, Any] = {
        "samples": f"{recipe}, {len(measured)} seeds",
        "steps (epochs)": f"{first['steps']} ({first['epochs']:.1f})",
        "minutes": _spread([m["minutes"] for m in measured]),
    }
    for key in METRIC_INFO:
        found = [m["numbers"][key] for m in measured if key in m["numbers"]]
        if found:
            row[key] = _spread(found) + (
                f" ({len(found)} runs)" if len(found) < len(measured) else ""
            )
    return row


def _floor(arguments: argparse.Namespace, recipe: str) -> dict[str, Any]:
    """What training examples score in the generator's place, against the held-out ones."""
    from trainer.config.recipe import load_experiment
    from trainer.data import loading
    from trainer.evaluation.samples import SampleSet
    from trainer.evaluation.workflow import evaluate_path

    experiment = load_experiment(recipe, _overrides(arguments, recipe, 0))
    dataset = loading.load(experiment.data)
    chosen = SampleSet.of_examples(dataset.train, experiment.evaluate.num_samples)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "real.npz")
        samples = chosen.take(np.arange(chosen.count))
        np.savez(path, samples=samples, labels=chosen.labels)  # type: ignore[arg-type]
        place = [f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []
        outcome = evaluate_path(str(path), place, reference=f"{experiment.data.source}:test")
    numbers = {n.key: n.value for n in outcome.evaluations[0].numbers}
    found = {key: f"{numbers[key]:.3g}" for key in METRIC_INFO if key in numbers}
    name = f"real {experiment.data.source}, training examples"
    return {"samples": name} | {k: v for k, v in found.items() if k not in _ABOUT_TRAINING}


def _spread(values: list[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.3g}"
    return f"{np.mean(values):.3g} ± {np.std(values, ddof=1):.2g}"
