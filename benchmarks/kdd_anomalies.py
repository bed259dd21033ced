"""EGBAD on the network connections of KDD Cup 1999, by the convention of the paper.

Of the ten per cent file the connections that are `normal` are the minority, so *they* are odd and
the attacks are usual. Columns of text become one-hot, numbers lie on [-1, 1]; half of the
connections is held out. As many as are odd are flagged, of which precision, recall and F1 are one
number. Published (Zenati et al. 2018, table 1): precision .9200, recall .9582, F1 .9372.

The paper's code learns at a rate of 1e-5 for 50 epochs, some 200 000 steps of 50 examples.

The file is `kddcup.data_10_percent.gz` of the UCI KDD Archive; repeated connections stay, as in the
paper, so training and held-out ones share many.
"""

import argparse
import csv
import gzip
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import trained

# Columns of text, by place; the last column is the label.
_TEXT = (1, 2, 3)
_GAMES = {
    "EGBAD, features": "{name: pairs, anomaly_distance: features}",
    "EGBAD, cross-entropy": "{name: pairs, anomaly_distance: cross_entropy}",
    "ALI, features": "{name: pairs, anomaly_distance: features, stochastic: true}",
}
_NUMBERS = ("odd_f1", "odd_auprc", "odd_auroc")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", type=Path, required=True, help="kddcup.data_10_percent.gz")
    parser.add_argument("--games", nargs="+", default=list(_GAMES), choices=list(_GAMES))
    parser.add_argument("--steps", type=int, default=20_000, help="of training, 50 examples each")
    parser.add_argument("--rate", type=float, default=1e-5, help="of learning, of both sides")
    trained.add_arguments(parser, "runs/kdd", seeds=3)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Prepares the data and trains what is not there yet, and returns the result."""
    prepared = arguments.work / "kdd.npz"
    if not prepared.exists():
        prepared.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(arguments.data, "rt") as file:
            # Few values differ: each is kept once.
            samples, labels = prepare([list(map(sys.intern, row)) for row in csv.reader(file)])
        np.savez(prepared, samples=samples, labels=labels)
    jobs = {
        (game, seed): _job(arguments, prepared, game, seed)
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    rows = [
        {**_row(g, [made[g, s] for s in range(arguments.seeds)]), "learning rate": arguments.rate}
        for g in arguments.games
    ]
    return {"rows": rows, "details": {"published F1": 0.9372, "problems": trained.problems(made)}}


def prepare(rows: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Connections as float32 [n, d] on [-1, 1], and whether each is "normal" or an "attack"."""
    columns = list(zip(*rows, strict=True))
    made = [_one_hot(c) if i in _TEXT else _scaled(c) for i, c in enumerate(columns[:-1])]
    labels = np.array(["normal" if label == "normal." else "attack" for label in columns[-1]])
    return np.concatenate(made, axis=1).astype(np.float32), labels


def _one_hot(column: Sequence[str]) -> np.ndarray:
    names, places = np.unique(column, return_inverse=True)
    return 2.0 * np.eye(len(names))[places] - 1.0


def _scaled(column: Sequence[str]) -> np.ndarray:
    values = np.array(column, np.float64)[:, np.newaxis]
    span = np.ptp(values)
    return 2.0 * (values - values.min()) / (span or 1.0) - 1.0


def _job(arguments: argparse.Namespace, data: Path, game: str, seed: int) -> trained.Job:
    steps = 20 if arguments.quick else arguments.steps
    adam = f"{{name: adam, learning_rate: {arguments.rate}, beta_1: 0.5}}"
    overrides = [
        f"data.source={{name: odd, of: 'npz:{data}', classes: [normal]}}",
        "data.holdout_share=0.5",
        "data.value_range=[-1.0, 1.0]",
        f"round={_GAMES[game]}",
        # The paper's layers, but that a latent joins the first one of the discriminator.
        "network={name: mlp, units: [64, 128], discriminator_units: [128, 128]}",
        "networks.encoder={name: mlp, units: [64]}",
        f"optimizers.generator={adam}",
        f"optimizers.discriminator={adam}",
        "train.batch_size=50",
        f"train.steps={steps}",
        f"seed={seed}",
        "evaluate.metrics=[detection]",
    ]
    folder = game.replace(", ", "-")
    return trained.Job(f"{folder}-{steps}-{arguments.rate}-{seed}", "egbad-digits", overrides)


def _row(game: str, runs: Sequence[trained.Trained]) -> dict[str, Any]:
    numbers = [one.numbers for one in runs if one.numbers]
    row: dict[str, Any] = {"game": game}
    row |= {key: trained.spread([n[key] for n in numbers]) for key in _NUMBERS}
    return {**row, "steps": runs[0].steps, "seeds": len(numbers)}
