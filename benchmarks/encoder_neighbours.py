"""What an encoder knows of classes without labels: the nearest neighbour among training codes.

Dense networks, which know nothing of where a pixel lies ("permutation-invariant"), as in Donahue et
al. 2017, "Adversarial feature learning", table 1: two hidden layers of 1 024, 50 latents uniform on
[-1, 1], 400 epochs of batch 128. Accuracies are of held-out examples, whose class is that of the
training example whose code E(x) is nearest. Published: BiGAN 97.39 %, latent regressor 97.44, joint
one 97.13, autoencoder with squares 97.58, with absolute differences 97.63: BiGAN does not beat it
there. Beside them stands the distance of pixels.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import trained

_AUTOENCODER = [
    "prior={name: gaussian, size: 50}",
    "network.generator_normalization=none",
    "optimizers.generator={name: adam, learning_rate: 2e-4, beta_1: 0.5}",
]
# By name: recipe, overrides, the published accuracy.
GAMES: dict[str, tuple[str, list[str], str]] = {
    "BiGAN": ("bigan-digits", [], "0.9739"),
    "latent regressor": ("regressor-digits", [], "0.9744"),
    "joint latent regressor": (
        "regressor-digits",
        ["round={name: latent_regressor, joint: true}"],
        "0.9713",
    ),
    "autoencoder, squares": (
        "autoencoder-digits",
        ["round={name: autoencoder, variational: false, likelihood: gaussian}", *_AUTOENCODER],
        "0.9758",
    ),
}
DATA = {"digits": [], "mnist": ["data.source=tfds:mnist"]}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", default="mnist", choices=list(DATA))
    parser.add_argument("--data-dir", type=Path, help="of prepared tensorflow-datasets")
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--steps", type=int, default=187_500, help="400 epochs of 60 000, by 128")
    parser.add_argument("--units", type=int, default=1024, help="of each hidden layer")
    parser.add_argument("--precision", default="float32", choices=["float32", "mixed_bfloat16"])
    trained.add_arguments(parser, "runs/neighbours", seeds=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    jobs = {
        (game, seed): _job(arguments, game, seed)
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    start_tensorflow()
    runs = trained.succeeded(made)
    accuracies = {place: _accuracy(one.run_dir) for place, one in runs.items()}
    rows = [_row(game, runs, accuracies, arguments.data) for game in arguments.games]
    return {
        "rows": rows + _pixels(runs),
        "details": {
            "runs": [{"game": g, "seed": s, "1-NN": a} for (g, s), a in accuracies.items()],
            "problems": trained.problems(made),
        },
    }


def _job(arguments: argparse.Namespace, game: str, seed: int) -> trained.Job:
    recipe, overrides, _ = GAMES[game]
    steps = 20 if arguments.quick else arguments.steps
    changes = [
        *DATA[arguments.data],
        *([f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []),
        f"network={{name: mlp, units: [{arguments.units}, {arguments.units}], "
        "generator_normalization: batch}",
        "prior={name: uniform, size: 50}",
        "optimizers.generator={name: adam, learning_rate: 2e-4, beta_1: 0.5}",
        "optimizers.discriminator={name: adam, learning_rate: 2e-4, beta_1: 0.5}",
        "train.batch_size=128",
        f"train.precision={arguments.precision}",
        *overrides,
        *trained.plainly(steps, seed),
    ]
    folder = game.replace(", ", "-").replace(" ", "-")
    name = f"{folder}-{arguments.data}-{arguments.units}-{steps}-{seed}"
    return trained.Job(name, recipe, changes, evaluation=None)


def _accuracy(run_dir: str) -> float:
    import keras

    from benchmarks.searched import opened

    game, (train, held_out) = opened(run_dir), _examples(run_dir)
    codes = [game.live.run("encode", {"image": x.samples})["latent"] for x in (train, held_out)]
    keras.backend.clear_session()
    return accuracy(codes[0], train.labels, codes[1], held_out.labels)


def _examples(run_dir: str) -> tuple[Any, Any]:
    from trainer.data import loading
    from trainer.run.directory import RunDirectory

    data = loading.load(RunDirectory(run_dir).read_experiment().data)
    return data.train, data.held_out


def accuracy(codes: np.ndarray, labels: np.ndarray, asked: np.ndarray, truth: np.ndarray) -> float:
    """Share of codes [m, z] whose nearest one among codes [n, z] is of their own class."""
    from trainer.metrics.neighbours import nearest

    return float((labels[nearest(asked, codes).indices] == truth).mean())


def _row(
    game: str, runs: dict[Any, trained.Trained], accuracies: dict[Any, float], data: str
) -> dict[str, Any]:
    mine = [place for place in runs if place[0] == game]
    return {
        "codes of": game,
        "1-NN accuracy": trained.spread([accuracies[place] for place in mine], ".4f"),
        "published": GAMES[game][2] if data == "mnist" else "",
        "steps": runs[mine[0]].steps if mine else "",
        "minutes": trained.spread([runs[place].seconds / 60 for place in mine]),
        "seeds": len(mine),
    }


def _pixels(runs: dict[Any, trained.Trained]) -> list[dict[str, Any]]:
    """The accuracy of distances between the examples themselves."""
    if not runs:
        return []
    train, held_out = _examples(next(iter(runs.values())).run_dir)
    flat = [x.samples.reshape(len(x), -1).astype(np.float32) for x in (train, held_out)]
    value = accuracy(flat[0], train.labels, flat[1], held_out.labels)
    return [{"codes of": "pixels themselves", "1-NN accuracy": f"{value:.4f}"}]
