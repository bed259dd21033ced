"""Whether energies make a game less sensitive to its networks: 16 configurations, GAN and EBGAN.

Each game is played by players of every combination of depths and widths, with one seed. The score
is the paper's, I' = E KL(p(y) ‖ p(y|x)) in nats, by a classifier of the data: it is high where
pictures are sure and classes even. What is compared is its histogram over the configurations.

Reference: Zhao et al. 2017, "Energy-based generative adversarial network", section 4.1, figure 3.
"""

import argparse
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_BATCH = 64
_BINS = 6


class Data(NamedTuple):
    """What is played on: two depths and two widths of each player, and how long."""

    source: str
    layers: tuple[int, int]
    generator: tuple[int, int]
    discriminator: tuple[int, int]
    pretrain: int
    steps: int


DATA = {
    "digits": Data("digits", (1, 3), (64, 256), (32, 128), 100, 400),
    "mnist": Data("tfds:mnist", (2, 5), (400, 1600), (128, 1024), 1000, 20_000),
}
# Name → overrides; an autoencoder learns alone first, and that many steps come on top.
GAMES = {
    "GAN": "objective=non_saturating",
    "EBGAN": "objective=energy",
    "EBGAN-PT": "terms=[{name: pulling_away, weight: 0.1}]",
}


class Configuration(NamedTuple):
    """Depths and widths of both players."""

    generator_layers: int
    discriminator_layers: int
    generator_width: int
    discriminator_width: int


def configurations(data: Data) -> list[Configuration]:
    """All sixteen."""
    places = (data.layers, data.layers, data.generator, data.discriminator)
    return [Configuration(*choice) for choice in itertools.product(*places)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", default="digits", choices=list(DATA))
    parser.add_argument("--games", nargs="+", default=["GAN", "EBGAN"], choices=list(GAMES))
    parser.add_argument("--steps", type=int, help="of each game; default the data's own")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--data-dir", help="where prepared tensorflow-datasets lie")
    parser.add_argument("--work", type=Path, default=Path("runs/energies"), help="folder of runs")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Plays what was not played, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    data = DATA[arguments.data]
    players = configurations(data)[:2] if arguments.quick else configurations(data)
    reader = _Reader(arguments)
    runs = [
        {"game": game, **one._asdict(), "score": reader.scored(game, one)}
        for one in players
        for game in arguments.games
    ]
    scores = {game: [r["score"] for r in runs if r["game"] == game] for game in arguments.games}
    return {
        "rows": rows(scores, reader.floor),
        "details": {
            "data": arguments.data,
            "steps": reader.steps,
            "pretrain": data.pretrain,
            "samples": reader.count,
            "seed": 0,
            "classifier_accuracy": reader.accuracy,
            "runs": runs,
        },
    }


class _Reader:
    """Plays one configuration of a game, and scores what its generator makes."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        from trainer.data import loading
        from trainer.evaluation.extractors.classifier_training import train_classifier

        self.data, self.work = DATA[arguments.data], arguments.work / arguments.data
        self.steps = 20 if arguments.quick else arguments.steps or self.data.steps
        self.count = 100 if arguments.quick else arguments.samples
        self._place = [f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []
        examples = loading.load(self._experiment("GAN", configurations(self.data)[0]).data)
        self._classifier = train_classifier(examples.train, examples.spec)
        self.accuracy = self._classifier.accuracy(examples.held_out)
        self.floor = self._score(examples.held_out["sample"])

    def scored(self, game: str, players: Configuration) -> float:
        """The score of a configuration, from its file where it was played before."""
        import keras

        import trainer

        folder = self.work / f"{game}-{'-'.join(map(str, players))}-{self.steps}"
        kept = folder / "score.json"
        if not kept.exists():
            trainer.train(self._experiment(game, players), folder, progress=False)
            score = self._score(trainer.open_run(str(folder)).sample(self.count))
            kept.write_text(json.dumps(score), encoding="utf-8")
            keras.backend.clear_session()
        return float(json.loads(kept.read_text(encoding="utf-8")))

    def _score(self, samples: np.ndarray) -> float:
        logits = self._classifier.extract(np.asarray(samples)).logits
        assert logits is not None
        return reversed_score(logits)

    def _experiment(self, game: str, players: Configuration) -> Any:
        from trainer.config.recipe import load_experiment

        energies = game != "GAN"
        alone = self.data.pretrain if energies else 0
        wide = [players.generator_width] * players.generator_layers
        judging = [players.discriminator_width] * players.discriminator_layers
        name = f"energy, pretrain: {alone}, margin: 2" if energies else "ordinary"
        return load_experiment(
            "ebgan-digits",
            [
                f"data.source={self.data.source}",
                *self._place,
                f"network={{name: mlp, units: {wide}, discriminator_units: {judging}}}",
                "terms=[]",
                f"round={{name: {name}}}",
                GAMES[game],
                f"train.steps={self.steps + alone}",
                f"train.batch_size={_BATCH}",
                "devices.steps_per_execution=50",
                *(f"run.{what}_every={self.steps + alone}" for what in ("sample", "checkpoint")),
                "run.instruments_every=null",
            ],
        )


def reversed_score(logits: np.ndarray) -> float:
    """I' = E KL(p(y) ‖ p(y|x)) in nats, from logits [n, k]."""
    logits = logits.astype(np.float64)
    top = logits.max(axis=1, keepdims=True)
    log_of_each = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
    marginal = np.exp(log_of_each).mean(axis=0)
    present = marginal > 0
    entropy = -np.sum(marginal[present] * np.log(marginal[present]))
    return float(-entropy - np.mean(log_of_each @ marginal))


def rows(scores: Mapping[str, Sequence[float]], floor: float) -> list[dict[str, Any]]:
    """A row a bin of the score, with how many configurations of each game fall into it."""
    every = [score for values in scores.values() for score in values]
    edges = np.linspace(min(every), max(every) + 1e-9, _BINS + 1)
    bins = [
        {"score I'": f"{low:.3g} - {high:.3g}"}
        | {game: sum(bool(low <= score < high) for score in v) for game, v in scores.items()}
        for low, high in itertools.pairwise(edges)
    ]
    medians = {game: round(float(np.median(v)), 3) for game, v in scores.items()}
    spreads = {game: round(float(np.std(v)), 3) for game, v in scores.items()}
    return [
        *bins,
        {"score I'": "median", **medians},
        {"score I'": "standard deviation", **spreads},
        {"score I'": "held-out examples", **dict.fromkeys(scores, round(floor, 3))},
    ]
