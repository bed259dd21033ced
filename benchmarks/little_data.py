"""What augmentation does for a game that has few examples: classifier FD and D(real) - D(held out).

A discriminator that learns its few examples by heart says more of them than of others like them;
that gap is read by the run's own instruments, and needs no classifier. The distance is on features
of a classifier that was taught with all of the data, against the held-out examples. The floor is
what the few training examples themselves score.

Reference: Zhao et al. 2020, "Differentiable augmentation"; Karras et al. 2020, "limited data".
"""

import argparse
from typing import Any, NamedTuple

import numpy as np

from benchmarks import harness, trained


class Data(NamedTuple):
    """Few examples.

    Attributes:
        recipe: whose game is played.
        few: overrides that leave few of them to training.
        teaching: overrides of what the classifier learns.
        steps: of training.
    """

    recipe: str
    few: tuple[str, ...]
    teaching: tuple[str, ...]
    steps: int


_CIFAR = "data.source=npz:../shared/data/cifar10_lossless/cifar10_first4000.npz"
DATA = {
    "digits, 180 of 1 797": Data(
        "dcgan-digits", ("data.holdout_share=0.9",), ("data.holdout_share=0.1",), 2000
    ),
    "MNIST, 600 of 60 000": Data(
        "dcgan-mnist", ("data.split=train[:1%]", "data.holdout_split=test"), (), 10_000
    ),
    "CIFAR-10, 3 600 of 60 000": Data("dcgan-mnist", (_CIFAR,), (_CIFAR,), 20_000),
}
# An augmentation's probability may rise from 0 to 1 within 1 000 · speed examples.
REMEDIES = {
    "plain": (),
    "DiffAugment": ("wrappers=[augment]",),
    "ADA": ("wrappers=[{name: augment, adaptive: true, speed: 50}]",),
}
_RESULT = "little_data.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", nargs="+", default=list(DATA), choices=list(DATA))
    parser.add_argument("--remedies", nargs="+", default=list(REMEDIES), choices=list(REMEDIES))
    parser.add_argument("--steps", type=int, help="of training; default the data's own")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--data-dir", help="where prepared tensorflow-datasets lie")
    trained.add_arguments(parser, "runs/little", seeds=3)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    jobs = {
        (data, game, seed): _job(arguments, data, game, seed)
        for data in arguments.data
        for game in arguments.remedies
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    asked = {(data, game) for data, game, _ in jobs}
    before = trained.measured_before(arguments.results / _RESULT, ("data", "game"), asked)
    readers = {data: _Reader(arguments, data) for data in arguments.data}
    runs = [
        {"data": data, "game": game, "seed": seed, **_numbers(one, readers[data])}
        for (data, game, seed), one in made.items()
    ]
    rows = []
    for data in DATA:
        for game in REMEDIES:
            mine = [r for r in runs if (r["data"], r["game"]) == (data, game) and not r["problem"]]
            new = _row(data, game, mine) if mine else None
            rows.append(new or before.rows.get((data, game)) or not_run(data, game))
        floor = (data, "the few themselves")
        rows += [readers[data].floor] if data in readers else filter(None, [before.rows.get(floor)])
    return {"rows": rows, "details": {"games": REMEDIES, "runs": before.runs + runs}}


def not_run(data: str, game: str) -> dict[str, Any]:
    """The row of what has not been measured."""
    return {"data": data, "game": game, "classifier FD": "not run"}


def _job(arguments: argparse.Namespace, data: str, game: str, seed: int) -> trained.Job:
    options = DATA[data]
    steps = 20 if arguments.quick else arguments.steps or options.steps
    place = [f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []
    every = ("run.instruments_every=10", "run.log_every=10") if arguments.quick else ()
    return trained.Job(
        f"{data.split(',')[0]}-{game}-{steps}-{seed}",
        options.recipe,
        (*options.few, *REMEDIES[game], f"train.steps={steps}", f"seed={seed}", *place, *every),
        evaluation=None,
    )


class _Reader:
    """Features of pictures, by a classifier that all of a data set has taught."""

    def __init__(self, arguments: argparse.Namespace, data: str) -> None:
        from trainer.evaluation.extractors.classifier_training import train_classifier

        options, self.data = DATA[data], data
        self.count = 200 if arguments.quick else arguments.samples
        taught = _loaded(arguments, options.recipe, options.teaching)
        self._classifier = train_classifier(taught.train, taught.spec)
        few = _loaded(arguments, options.recipe, options.few)
        self._held_out = self._features(few.held_out["sample"])
        self.floor = {
            "data": data,
            "game": "the few themselves",
            "classifier FD": f"{self.distance(few.train['sample']):.3g}",
        }

    def distance(self, samples: np.ndarray) -> float:
        """Fréchet distance of the samples' features to those of held-out examples."""
        from trainer.metrics.frechet import frechet_distance

        return float(frechet_distance(self._held_out, self._features(samples)).value)

    def _features(self, samples: np.ndarray) -> np.ndarray:
        return self._classifier.extract(np.asarray(samples)).features


def _loaded(arguments: argparse.Namespace, recipe: str, overrides: tuple[str, ...]) -> Any:
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    place = [f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []
    return loading.load(load_experiment(recipe, [*overrides, *place]).data)


def _numbers(one: trained.Trained, reader: _Reader) -> dict[str, Any]:
    if one.problem:
        return {"problem": one.problem}
    import trainer
    from trainer.run.directory import RunDirectory

    samples = trainer.open_run(one.run_dir).sample(reader.count)
    rows = RunDirectory(one.run_dir).rows("metrics.jsonl")
    gaps = [row["instruments/held_out_gap"] for row in rows if "instruments/held_out_gap" in row]
    return {
        "problem": "",
        "fd": reader.distance(samples),
        "gap": late(gaps),
        "steps": one.steps,
        "examples": one.examples,
        "minutes": one.seconds / 60,
    }


def late(values: list[float]) -> float:
    """The mean of the last quarter of a run's readings."""
    return float(np.mean(values[-max(1, len(values) // 4) :]))


def _row(data: str, game: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "data": data,
        "game": game,
        "classifier FD": trained.spread([one["fd"] for one in runs]),
        "D(real) - D(held out)": trained.spread([one["gap"] for one in runs]),
        "steps": runs[0]["steps"],
        "real examples seen": runs[0]["examples"],
        "minutes": trained.spread([one["minutes"] for one in runs]),
        "seeds": len(runs),
        "commit": harness.commit(),
    }
