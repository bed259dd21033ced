"""How well pictures keep to the label maps that they are made of: SPADE beside concatenation.

The map of a digit is a function of the digit (`trainer.data.sources.pairs.regions`), so a made
picture can be segmented anew without an error of its own: the mean over classes of intersection
over union with the map that was given, and the share of pixels that agree. The ceiling is one, what
real digits score; the floor is a digit of another map. Both generators have about as many
parameters.

Reference: Park et al. 2019, "Semantic image synthesis with spatially-adaptive normalization", who
segment with a network and compare with concatenation likewise (table 4).
"""

import argparse
from typing import Any

import numpy as np

from benchmarks import trained

RECIPE = "spade-digits"
# Wider, so that both have 0.29 million parameters.
_BESIDE = ("network.generator_conditioning=concatenate", "network.base_filters=50")
_INSTANCE = "network.normalization=instance"
GAMES = {
    "SPADE": (),
    "concatenation": _BESIDE,
    "SPADE, instance": (_INSTANCE,),
    "concatenation, instance": (*_BESIDE, _INSTANCE),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--steps", type=int, help="of training; default the recipe's")
    trained.add_arguments(parser, "runs/maps", seeds=3)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    jobs = {
        (game, seed): _job(arguments, game, seed)
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    runs = trained.succeeded(made)
    found = {place: _measured(one.run_dir) for place, one in runs.items()}
    rows = [_row(game, found, runs) for game in arguments.games]
    return {
        "rows": [*rows, _floor()],
        "details": {
            "recipe": RECIPE,
            "runs": [{"game": g, "seed": s, **values} for (g, s), values in found.items()],
            "problems": trained.problems(made),
        },
    }


def _job(arguments: argparse.Namespace, game: str, seed: int) -> trained.Job:
    steps = 20 if arguments.quick else arguments.steps
    overrides = [*GAMES[game], f"seed={seed}", *([f"train.steps={steps}"] if steps else [])]
    folder = game.replace(" ", "-").replace(",", "")
    return trained.Job(f"{folder}-{steps or 'all'}-{seed}", RECIPE, overrides, evaluation=None)


# ---- What pictures keep to -----------------------------------------------------------------------


def agreement(given: np.ndarray, found: np.ndarray, classes: int) -> dict[str, float]:
    """Mean IoU over the classes that occur in either, and the share of pixels that agree.

    Args:
        given: classes of any shape.
        found: of the same shape.
        classes: how many there are.
    """
    pairs = given.astype(np.int64).ravel() * classes + found.ravel()
    confusion = np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    both = np.diag(confusion)
    either = confusion.sum(axis=0) + confusion.sum(axis=1) - both
    occurs = either > 0
    return {
        "mIoU": float((both[occurs] / either[occurs]).mean()),
        "pixel accuracy": float(both.sum() / confusion.sum()),
    }


def _measured(run_dir: str) -> dict[str, float]:
    """Of a run's translations of all held-out maps, a seed each."""
    import keras

    import trainer
    from trainer.data import loading
    from trainer.data.sources.pairs import REGIONS, regions

    run = trainer.open_run(run_dir)
    maps = loading.load(run.experiment.data).held_out["label_map"]
    made = run.ask("translate", label_map=maps, seed=np.arange(len(maps)))["image"]
    parameters = sum(int(np.prod(w.shape)) for w in run.generator.trainable_variables)
    keras.backend.clear_session()
    segmented = np.stack([regions(picture) for picture in made])
    return {"parameters": parameters, **agreement(maps, segmented, len(REGIONS.names))}


def _row(
    game: str,
    found: dict[tuple[str, int], dict[str, float]],
    runs: dict[tuple[str, int], trained.Trained],
) -> dict[str, Any]:
    mine = [place for place in found if place[0] == game]
    row: dict[str, Any] = {"generator": game}
    row["parameters"] = int(found[mine[0]]["parameters"]) if mine else "not run"
    for name in ("mIoU", "pixel accuracy"):
        row[name] = trained.spread([found[place][name] for place in mine])
    row["steps"] = runs[mine[0]].steps if mine else 0
    row["minutes"] = trained.spread([runs[place].seconds / 60 for place in mine])
    return {**row, "seeds": len(mine)}


def _floor() -> dict[str, Any]:
    """What real digits score under the map of the digit before them."""
    from trainer.config.recipe import load_experiment
    from trainer.data import loading
    from trainer.data.sources.pairs import REGIONS

    maps = loading.load(load_experiment(RECIPE).data).held_out["label_map"]
    scored = agreement(maps, np.roll(maps, 1, axis=0), len(REGIONS.names))
    cells = {name: f"{value:.3g}" for name, value in scored.items()}
    return {"generator": "digits of other maps", **cells}
