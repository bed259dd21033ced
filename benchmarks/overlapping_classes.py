"""Whether classes that overlap in the data overlap among the fakes, by AC-GAN and its remedies.

The data are three round Gaussians around a circle. Of what a generator makes for a class, the mean
and the deviation along each axis are compared with that class's own; and the share is counted that
lies nearest to its own class's centre, which is the best guess at a class. A generator that avoids
the overlap exceeds the share of the data and falls below its deviation.

Reference: Gong et al. 2019, "Twin auxiliary classifiers GAN", section 4.1, whose question this is.
"""

import argparse
from typing import Any

import numpy as np

from benchmarks import trained
from trainer.data.sources.mixtures import OVERLAP_STD, overlap_centres

RECIPE = "acgan-overlap"
GAMES = {
    "conditional GAN": "terms=[]",
    "AC-GAN": "terms=[classification]",
    "AC-GAN, fakes named too": "terms=[{name: classification, fake_weight: 1.0}]",
    "AC-GAN, twin": "terms=[{name: classification, twin_weight: 1.0}]",
}
_EACH = 2000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--steps", type=int, default=8000)
    trained.add_arguments(parser, "runs/overlap", seeds=3, workers=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    jobs = {
        (game, seed): _job(arguments, game, seed)
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=arguments.workers, threads=1)
    found = {
        place: statistics(drawn(one.run_dir)) for place, one in trained.succeeded(made).items()
    }
    real = statistics(real_points())
    rows = [
        _row(game, [numbers for (name, _), numbers in found.items() if name == game])
        for game in arguments.games
    ]
    steps = 100 if arguments.quick else arguments.steps
    return {
        "rows": [{**row, "steps": steps} for row in rows] + [_row("the data", [real])],
        "details": {
            "recipe": RECIPE,
            "games": {name: GAMES[name] for name in arguments.games},
            "points of each class": _EACH,
            "runs": [{"game": g, "seed": s, **numbers} for (g, s), numbers in found.items()],
            "problems": trained.problems(made),
        },
    }


def _job(arguments: argparse.Namespace, game: str, seed: int) -> trained.Job:
    steps = 100 if arguments.quick else arguments.steps
    folder = game.replace(" ", "-").replace(",", "")
    overrides = [
        *(GAMES[game], f"seed={seed}", f"train.steps={steps}", "run.instruments_every=null"),
        *(f"run.{name}_every={steps}" for name in ("log", "sample", "checkpoint")),
    ]
    return trained.Job(f"{folder}-{steps}-{seed}", RECIPE, overrides, evaluation=None)


# ---- Points --------------------------------------------------------------------------------------


def drawn(run_dir: str) -> np.ndarray:
    """As many points of each class, by class: float64 [3, n, 2]."""
    import keras

    import trainer

    labels = np.repeat(np.arange(3), _EACH)
    points = trainer.open_run(run_dir).sample(len(labels), label=labels)
    keras.backend.clear_session()
    return points.reshape(3, _EACH, 2).astype(np.float64)


def real_points() -> np.ndarray:
    """Points of the classes themselves, likewise."""
    noise = np.random.RandomState(1).standard_normal((3, _EACH, 2))
    return overlap_centres()[:, np.newaxis] + OVERLAP_STD * noise


def statistics(points: np.ndarray) -> dict[str, float]:
    """What the classes' points [3, n, 2] say of them; means over classes."""
    centres = overlap_centres()
    off = np.linalg.norm(points.mean(axis=1) - centres, axis=-1)
    deviation = np.sqrt(points.var(axis=1).mean(axis=-1)) / OVERLAP_STD
    distances = np.linalg.norm(points[:, :, np.newaxis] - centres, axis=-1)
    own = distances.argmin(axis=-1) == np.arange(3)[:, np.newaxis]
    return {
        "mean off by": float(off.mean()),
        "deviation (data: 1)": float(deviation.mean()),
        "nearest to its own centre": float(own.mean()),
    }


def _row(game: str, runs: list[dict[str, float]]) -> dict[str, Any]:
    names = runs[0] if runs else {}
    return {
        "game": game,
        **{name: trained.spread([numbers[name] for numbers in runs]) for name in names},
        "seeds": len(runs) if game in GAMES else "",
    }
