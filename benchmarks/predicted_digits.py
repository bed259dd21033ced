"""The next frames of moving digits, by squared differences alone and with an adversary beside them.

Errors are of held-out clips, whose digits training never saw: the squared error summed over a
frame's pixels, as Moving MNIST is published (Srivastava et al. 2015, on another canvas, so that the
numbers do not compare), likeness, the error of motion, and sharpness. Beside them stands what
standing still predicts: the last given frame, and the mean of all.

Reference: Mathieu et al. 2016, "Deep multi-scale video prediction beyond mean square error".
"""

import argparse
from pathlib import Path
from typing import Any

from benchmarks import trained

RECIPE = "predict-digits"
# Beside such a weight of the squares an adversary weighs nothing.
_ALONE = "terms=[{name: reconstruction, norm: squared, weight: 1e6}]"
GAMES = {"squares alone": [_ALONE], "squares and adversary": []}
_COLUMNS = {
    "squared error": "frame_error",
    "SSIM": "frame_ssim",
    "error of motion": "motion_error",
    "sharpness": "frame_sharpness",
}
_STILL = {"last given frame": "frame_error_last", "mean of given frames": "frame_error_mean"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--seeds", type=int, default=1, help="seeds 0, 1, …")
    parser.add_argument("--steps", type=int, help="of training; default the recipe's")
    parser.add_argument("--work", type=Path, default=Path("runs/predicted"), help="folder of runs")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    jobs = {
        (game, seed): _job(arguments, game, seed)
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    runs = {place: one for place, one in trained.succeeded(made).items() if one.numbers}
    return {
        "rows": [*(_row(game, runs) for game in arguments.games), *_still(runs)],
        "details": {
            "recipe": RECIPE,
            "frames": "5 after 5, 16x16",
            "held-out clips": 500,
            "runs": [
                {"game": game, "seed": seed, **(one.numbers or {})}
                for (game, seed), one in runs.items()
            ],
            "problems": trained.problems(made),
        },
    }


def _job(arguments: argparse.Namespace, game: str, seed: int) -> trained.Job:
    steps = 20 if arguments.quick else arguments.steps
    overrides = [*GAMES[game], f"seed={seed}", *([f"train.steps={steps}"] if steps else [])]
    name = f"{game.replace(' ', '-')}-{steps or 'all'}-{seed}"
    measured = ["evaluate.metrics=[frame_errors]", "evaluate.extractor=raw"]
    return trained.Job(name, RECIPE, overrides, measured)


def _row(game: str, runs: dict[tuple[str, int], trained.Trained]) -> dict[str, Any]:
    mine = [one for (played, _), one in runs.items() if played == game]
    numbers = [one.numbers or {} for one in mine]
    columns = {
        column: trained.spread([n[key] for n in numbers]) for column, key in _COLUMNS.items()
    }
    return {
        "prediction": game,
        **columns,
        "steps": mine[0].steps if mine else 0,
        "minutes": trained.spread([one.seconds / 60 for one in mine]),
        "seeds": len(mine),
    }


def _still(runs: dict[tuple[str, int], trained.Trained]) -> list[dict[str, Any]]:
    """What no motion predicts: the same of every run, for the clips are the same."""
    numbers = next((one.numbers for one in runs.values()), None) or {}
    return [
        {"prediction": name, "squared error": f"{numbers[key]:.3g}"}
        for name, key in _STILL.items()
        if key in numbers
    ]
