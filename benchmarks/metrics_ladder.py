"""Whether each metric orders known corruptions of real images, from slight to strong.

The "generated" samples are real ones that were neither trained on nor held out, as they are (the
floor of every distance) and after blur, noise, loss of classes, and collapse onto few images.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trainer.catalogue import METRIC_INFO

# Examples at the end of the training split that play the generator.
_PLAYED = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--source", default="tfds:mnist", help="labelled images")
    parser.add_argument("--train-count", type=int, default=60_000, help="of its training split")
    parser.add_argument("--data-dir", help="where prepared tensorflow-datasets lie")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Evaluates every rung, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    from trainer.config.recipe import load_experiment
    from trainer.data import loading
    from trainer.evaluation.workflow import evaluate_path

    kept = arguments.train_count - _PLAYED
    place = [f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []
    data = [*place, f"data.split=train[:{kept}]", "data.holdout_split=test"]
    played = [*place, f"data.split=train[{kept}:]", f"data.source={arguments.source}"]
    examples = loading.load(load_experiment("dcgan-mnist", played).data).train
    if arguments.quick:
        data.append("evaluate.num_samples=1000")
    values: dict[str, dict[str, float]] = {}
    errors: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (images, labels) in _rungs(examples["sample"], examples.labels):
            path = Path(folder, "rung.npz")
            np.savez(path, images=images, labels=labels)
            outcome = evaluate_path(str(path), data, reference=f"{arguments.source}:test")
            (evaluation,) = outcome.evaluations
            numbers = [n for n in evaluation.numbers if n.direction]
            values[name] = {n.key: n.value for n in numbers}
            errors[name] = {n.key: n.error or 0.0 for n in numbers}
    return {
        "rows": [{"samples": name} | found for name, found in values.items()],
        "verdict": _verdict(values, errors),
        "details": {"protocol": evaluation.as_dict()["protocol"], "errors": errors},
    }


# ---- The rungs -----------------------------------------------------------------------------------

FLOOR = "other real images"
_Corruption = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def ladders() -> dict[str, dict[str, _Corruption]]:
    """Names of ladders to their rungs, from slight to strong; the floor is below each."""
    return {
        "blur": {f"blur, σ {s:g} pixels": _blurred(s) for s in (0.5, 1.0, 2.0)},
        "noise": {f"noise, σ {s} levels": _noisy(s) for s in (16, 48, 96)},
        "missing classes": {f"without {n} classes": _without(n) for n in (1, 3, 5)},
        "collapse": {f"collapsed onto {n} images": _collapsed(n) for n in (1000, 100, 10)},
    }


def _rungs(
    images: np.ndarray, labels: np.ndarray | None
) -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    assert labels is not None
    yield FLOOR, (images, labels)
    for rungs in ladders().values():
        for name, corrupt in rungs.items():
            yield name, corrupt(images, labels)


def _blurred(sigma: float) -> _Corruption:
    from scipy.ndimage import gaussian_filter

    def corrupt(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        blurred = gaussian_filter(images.astype(np.float64), (0, sigma, sigma, 0))
        return np.round(blurred).astype(np.uint8), labels

    return corrupt


def _noisy(sigma: float) -> _Corruption:
    def corrupt(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        noise = sigma * np.random.RandomState(0).standard_normal(images.shape)
        return np.clip(np.round(images + noise), 0, 255).astype(np.uint8), labels

    return corrupt


def _without(num_classes: int) -> _Corruption:
    """The place of the classes is taken by other examples of the rest, so that counts agree."""

    def corrupt(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        left = np.flatnonzero(labels >= num_classes)
        rows = np.concatenate([left, np.random.RandomState(0).permutation(left)])[: len(labels)]
        return images[rows], labels[rows]

    return corrupt


def _collapsed(num_images: int) -> _Corruption:
    def corrupt(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = np.arange(len(images)) % num_images
        return images[rows], labels[rows]

    return corrupt


# ---- The verdict ---------------------------------------------------------------------------------


def _verdict(
    values: Mapping[str, Mapping[str, float]],
    errors: Mapping[str, Mapping[str, float]],
) -> str:
    """Which numbers order each ladder, as a Markdown table."""
    lines = ["| ladder | ordered by | not ordered by |", "| --- | --- | --- |"]
    for ladder, rungs in ladders().items():
        steps = [FLOOR, *rungs]
        keys = values[FLOOR]
        ordered = [key for key in keys if _is_ordered(key, steps, values, errors)]
        failed = [key for key in keys if key not in ordered]
        lines.append(f"| {ladder} | {', '.join(ordered)} | {', '.join(failed) or 'none'} |")
    return "\n".join(lines)


def _is_ordered(
    key: str,
    steps: list[str],
    values: Mapping[str, Mapping[str, float]],
    errors: Mapping[str, Mapping[str, float]],
) -> bool:
    """Whether no step is better than the one before, and the last worse by two standard errors."""
    if any(key not in values[step] for step in steps):
        return False
    found = [METRIC_INFO[key].loss(values[step][key]) for step in steps]
    spread = 2.0 * np.hypot(errors[steps[0]][key], errors[steps[-1]][key])
    return all(np.diff(found) >= 0.0) and found[-1] - found[0] > spread
