"""Programs that paint digits: SPIRAL beside a random agent and a greedy search by the same critic.

What is painted is held against real digits that training never saw: the squared error to the
nearest of them, summed over the pixels on a scale from 0 to 1, and the distribution of the classes
that the nearest has. Beside it stands how many are read as a digit, by a small classifier that has
learned training digits by their classes, and scribbles of the random agent as one class more. Real
digits are the ceiling. The random agent draws every symbol uniformly; the greedy search takes for
each stroke the best of `candidates` random ones, by the critic's score of what is painted so far,
and so has many times the pictures that an answer of the painter costs.

Reference: Ganin et al. 2018, "Synthesizing programs for images using reinforced adversarial
learning"; its own numbers are of other pictures and painters.
"""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import trained

RECIPE = "spiral-digits"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--steps", type=int, help="of training; default the recipe's")
    parser.add_argument("--count", type=int, default=200, help="pictures of each agent")
    parser.add_argument("--candidates", type=int, default=100, help="strokes of a greedy choice")
    trained.add_arguments(parser, "runs/painted", seeds=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    steps = 20 if arguments.quick else arguments.steps
    length = [f"train.steps={steps}"] if steps else []
    jobs = {
        seed: trained.Job(
            f"{steps or 'all'}-{seed}",
            RECIPE,
            [*length, f"seed={seed}", "evaluate.every=null"],
            evaluation=None,
        )
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    found: dict[str, list[dict[str, float]]] = {}
    for one in trained.succeeded(made).values():
        for agent, numbers in _measured(one.run_dir, arguments).items():
            found.setdefault(agent, []).append(numbers)
    return {
        "rows": [_row(agent, runs, steps) for agent, runs in found.items()],
        "details": {
            "recipe": RECIPE,
            "pictures": arguments.count,
            "candidates": arguments.candidates,
            "runs": found,
            "problems": trained.problems(made),
        },
    }


def _measured(run_dir: str, arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """The numbers of every agent, by its name."""
    import keras

    import trainer

    opened = trainer.open_run(run_dir)
    real, labels, train, train_labels = _real()
    scribbles = _painted(opened, len(train), 1, seed=1)
    read = reader(train, train_labels, scribbles)
    agents = {
        "real digits": train[: arguments.count],
        "SPIRAL": opened.sample(arguments.count),
        "greedy search": _painted(opened, arguments.count, arguments.candidates),
        "random agent": _painted(opened, arguments.count, 1),
    }
    scores = {name: opened.ask("score", image=x)["realism"] for name, x in agents.items()}
    keras.backend.clear_session()
    return {
        name: {
            **near(pictures, real, labels),
            # Of real digits those that the classifier did not learn.
            "read as a digit": read(real if name == "real digits" else pictures),
            "critic": float(scores[name].mean()),
        }
        for name, pictures in agents.items()
    }


def _real() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Held-out digits and training digits, each with their classes."""
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    dataset = loading.load(load_experiment(RECIPE).data)
    real, labels, train, train_labels = (
        np.asarray(part[name])
        for part in (dataset.held_out, dataset.train)
        for name in ("sample", "label")
    )
    return real, labels, train, train_labels


def reader(
    digits: np.ndarray, labels: np.ndarray, scribbles: np.ndarray
) -> Callable[[np.ndarray], float]:
    """What tells of pictures uint8 [n, h, w, 1] the share that is read as a digit."""
    from sklearn.neural_network import MLPClassifier

    nothing = int(labels.max()) + 1
    pictures = np.concatenate([digits, scribbles])
    classes = np.concatenate([labels, np.full(len(scribbles), nothing)])
    model = MLPClassifier((64,), max_iter=100, random_state=0).fit(_flat(pictures), classes)
    return lambda shown: float((model.predict(_flat(shown)) != nothing).mean())


def _flat(pictures: np.ndarray) -> np.ndarray:
    """Pictures uint8 [n, h, w, 1] → float64 [n, h · w] on [0, 1]."""
    return pictures.reshape(len(pictures), -1) / 255.0


def _painted(opened: Any, count: int, candidates: int, seed: int = 0) -> np.ndarray:
    """Pictures whose every stroke is the best of random ones, uint8 [count, h, w, 1]."""
    import tensorflow as tf

    from trainer.catalogue import ProgramsRound
    from trainer.config.recipe import load_experiment
    from trainer.fields import Field
    from trainer.game.signatures.painting import Canvas

    options = load_experiment(RECIPE).round
    assert isinstance(options, ProgramsRound)
    # As the data has them.
    field = Field((16, 16, 1), "uint8", "image", range=(0.0, 255.0))
    random = np.random.RandomState(seed)
    chosen = np.zeros((count, 0), np.int32)
    for stroke in range(1, options.strokes + 1):
        canvas = Canvas(field, stroke, options.lattice, options.width)
        tried = random.randint(canvas.symbols, size=(count * candidates, 3)).astype(np.int32)
        ids = np.concatenate([np.repeat(chosen, candidates, axis=0), tried], axis=1)
        pictures = np.concatenate(
            [canvas.stored(tf.constant(part)).numpy() for part in np.array_split(ids, candidates)]
        )
        scores = opened.ask("score", image=pictures)["realism"].reshape(count, candidates)
        best = np.arange(count) * candidates + scores.argmax(axis=1)
        chosen = ids[best]
    return pictures[best]


def near(pictures: np.ndarray, real: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """How far pictures are from the nearest real one, and the share of the rarest class there."""
    from trainer.metrics.neighbours import nearest

    found = nearest(_flat(pictures), _flat(real))
    shares = np.bincount(labels[found.indices], minlength=int(labels.max()) + 1) / len(pictures)
    return {
        "squared error": float(np.square(found.distances).mean()),
        "rarest class": float(shares.min()),
    }


def _row(agent: str, runs: list[dict[str, float]], steps: int | None) -> dict[str, Any]:
    numbers = {key: trained.spread([one[key] for one in runs]) for key in runs[0]}
    return {"agent": agent, **numbers, "steps": steps or "all", "seeds": len(runs)}
