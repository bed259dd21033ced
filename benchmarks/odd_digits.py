"""One digit held out of training, and found by how odd it is: EGBAD beside a VAE.

Each game trains on nine digits and scores held-out examples of all ten, the tenth being what is to
be found; AUPRC, whose base rate a random score reaches. Published for MNIST, on other splits: EGBAD
and the latent energy-based model as they stand in Pang et al. 2020, "Learning latent space
energy-based prior model". EGBAD's code learns at a rate of 1e-5, where 100 epochs leave it
under-trained; `--rate` is this benchmark's own.

Reference: Zenati et al. 2018, "Efficient GAN-based anomaly detection".
"""

import argparse
from pathlib import Path
from typing import Any

from benchmarks import trained

# Digit → AUPRC of EGBAD, and of the latent energy-based model.
PUBLISHED = {
    "1": (0.287, 0.336),
    "4": (0.443, 0.630),
    "5": (0.514, 0.619),
    "7": (0.347, 0.463),
    "9": (0.307, 0.413),
}
_PAIRS = "round={{name: pairs, anomaly_weight: 0.1, anomaly_distance: {}}}"
GAMES = {
    "EGBAD, features": [_PAIRS.format("features")],
    "EGBAD, cross-entropy": [_PAIRS.format("cross_entropy")],
    "VAE": ["round={name: autoencoder, likelihood: bernoulli}"],
}
DATA = {"digits": "digits", "mnist": "tfds:mnist"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", default="mnist", choices=list(DATA))
    parser.add_argument("--data-dir", type=Path, help="of prepared tensorflow-datasets")
    parser.add_argument("--digits", nargs="+", default=list(PUBLISHED), choices=list("0123456789"))
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--steps", type=int, default=5000, help="of training, 64 examples each")
    parser.add_argument("--rate", type=float, default=2e-4, help="of learning, of both sides")
    parser.add_argument("--filters", type=int, default=64, help="base filters of the networks")
    parser.add_argument("--latent", type=int, default=64, help="numbers in a latent")
    trained.add_arguments(parser, "runs/odd", seeds=3)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains and evaluates what is not yet, and returns the result."""
    jobs = {
        (digit, game, seed): _job(arguments, digit, game, seed)
        for digit in arguments.digits
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    runs = {place: one for place, one in trained.succeeded(made).items() if one.numbers}
    rows = [
        _row(digit, game, runs, arguments) for digit in arguments.digits for game in arguments.games
    ]
    return {
        "rows": rows,
        "details": {
            "learning rate": arguments.rate,
            "runs": [
                {"digit": digit, "game": game, "seed": seed, **(one.numbers or {})}
                for (digit, game, seed), one in runs.items()
            ],
            "problems": trained.problems(made),
        },
    }


def _job(arguments: argparse.Namespace, digit: str, game: str, seed: int) -> trained.Job:
    steps = 20 if arguments.quick else arguments.steps
    adam = f"{{name: adam, learning_rate: {arguments.rate}, beta_1: 0.5}}"
    overrides = [
        f"data.source={{name: odd, of: '{DATA[arguments.data]}', classes: ['{digit}']}}",
        *([f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []),
        *GAMES[game],
        f"network.base_filters={arguments.filters}",
        f"prior.size={arguments.latent}",
        f"optimizers.generator={adam}",
        f"optimizers.discriminator={adam}",
        "evaluate.metrics=[detection]",
        *trained.plainly(steps, seed),
    ]
    folder = game.replace(", ", "-")
    name = f"{folder}-{arguments.data}-{digit}-{arguments.filters}-{steps}-{arguments.rate}-{seed}"
    return trained.Job(name, "egbad-digits", overrides)


def _row(
    digit: str, game: str, runs: dict[Any, trained.Trained], arguments: argparse.Namespace
) -> dict[str, Any]:
    mine = [one for place, one in runs.items() if place[:2] == (digit, game)]
    numbers = [one.numbers or {} for one in mine]
    published = PUBLISHED.get(digit, ("", "")) if arguments.data == "mnist" else ("", "")
    return {
        "digit": digit,
        "game": game,
        "AUPRC": trained.spread([n["odd_auprc"] for n in numbers]),
        "AUROC": trained.spread([n["odd_auroc"] for n in numbers]),
        "base rate": base_rate(arguments, digit),
        "published EGBAD": published[0],
        "published latent EBM": published[1],
        "steps": mine[0].steps if mine else "",
        "minutes": trained.spread([one.seconds / 60 for one in mine]),
        "seeds": len(mine),
    }


def base_rate(arguments: argparse.Namespace, digit: str) -> float:
    """Share of the digit among the held-out examples that are scored."""
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    job = _job(arguments, digit, next(iter(GAMES)), 0)
    held_out = loading.load(load_experiment(job.recipe, list(job.overrides)).data).held_out
    odd, usual = len(held_out["odd_sample"]), len(held_out["sample"])
    return odd / (odd + usual)
