"""Modes of stacked MNIST, of a thousand, that a game reaches, and how evenly.

A generated picture is read by a classifier of MNIST, channel by channel. The floors are what real
stacks and digits drawn evenly score, read by the same classifier. Rows that are not asked for stay
as they were last measured, or say that they were not run.

Reference: the protocol and the published rows of Lin et al. 2018, "PacGAN", section 4.2.
"""

import argparse
from typing import Any

import numpy as np

from benchmarks import harness, trained

_CLASSES = 10
_MODES = _CLASSES**3
_PENALTIES = "penalties=[{name: r1, gamma: 1}, {name: r2, gamma: 1}]"
_PLAIN_JUDGE = "discriminator_normalization: none"
# Of games that cannot share one turn's fakes, as the recipe does.
_FRESH = "round.fresh_latents=true"

# Name → overrides of dcgan-stacked, and further options of its discriminator.
GAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "DCGAN": ((), ()),
    "PacDCGAN2": (("wrappers=[{name: pack, samples: 2}]",), ()),
    "minibatch discrimination": ((), ("discriminator_batch_features: minibatch",)),
    "unrolled, 5 steps": (("wrappers=[{name: unroll, steps: 5}]", _FRESH), ()),
    "WGAN-GP": (
        (
            *("objective=wasserstein", "penalties=[gradient_penalty]"),
            *("round.discriminator_turns=5", _FRESH),
        ),
        (_PLAIN_JUDGE,),
    ),
    "RpGAN + R1 + R2": (("objective=relativistic", _PENALTIES), (_PLAIN_JUDGE,)),
}
# The discriminator's filters, where the generator has 64.
_FILTERS = {"full": 64, "half": 32, "quarter": 16}
# Games and sizes that have a row, measured or not.
PLANNED = (
    *((game, "quarter") for game in ("DCGAN", "PacDCGAN2", "RpGAN + R1 + R2")),
    *((game, "full") for game in GAMES),
)
_RESULT = "stacked_modes.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument(
        "--games", nargs="*", default=list(GAMES), choices=list(GAMES), help="none: floors alone"
    )
    parser.add_argument("--judge", default="quarter", choices=list(_FILTERS), help="its size")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--samples", type=int, default=26_000)
    parser.add_argument("--precision", default="mixed_bfloat16")
    parser.add_argument("--data-dir", help="where prepared tensorflow-datasets lie")
    trained.add_arguments(parser, "runs/stacked", seeds=3)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    jobs = {
        (game, seed): _job(arguments, game, seed)
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    runs = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    reader = _Reader(arguments)
    count = 1000 if arguments.quick else arguments.samples
    found = {
        place: reader.counted(samples_of(one.run_dir, count))
        for place, one in trained.succeeded(runs).items()
    }
    asked = [(game, arguments.judge) for game in arguments.games]
    place = ("game", "discriminator")
    before = trained.measured_before(arguments.results / _RESULT, place, asked)
    anew = {(game, judge): _row(judge, game, found, runs) for game, judge in asked}
    places = dict.fromkeys((*PLANNED, *(p for p in before.rows if p[1]), *asked))
    rows = [anew.get(p) or before.rows.get(p) or not_run(*p) for p in places]
    return {
        "rows": [*rows, *reader.floors(count)],
        "verdict": f"The classifier reads {reader.accuracy:.2%} of held-out digits right.",
        "details": {
            "recipe": "dcgan-stacked",
            "games": {game: GAMES[game] for game in arguments.games},
            "precision": arguments.precision,
            "samples": count,
            "classifier_accuracy": reader.accuracy,
            "runs": before.runs
            + [
                {"game": g, "discriminator": arguments.judge, "seed": s, "modes": m, "kl": kl}
                for (g, s), (m, kl) in found.items()
            ],
            "problems": trained.problems(runs),
        },
    }


def _job(arguments: argparse.Namespace, game: str, seed: int) -> trained.Job:
    overrides, options = GAMES[game]
    filters = f"base_filters: {_FILTERS[arguments.judge]}"
    steps = 20 if arguments.quick else arguments.steps
    name = f"{arguments.judge}-{game.replace(' ', '-').replace(',', '')}-{steps}-{seed}"
    place = [f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []
    return trained.Job(
        name,
        "dcgan-stacked",
        (
            *overrides,
            f"networks.discriminator={{{', '.join(['name: dcgan', filters, *options])}}}",
            f"train.steps={steps}",
            f"train.precision={arguments.precision}",
            f"seed={seed}",
            *place,
        ),
        evaluation=None,
    )


def samples_of(run_dir: str, count: int) -> np.ndarray:
    """What a run's generator makes of seeds 0, 1, …: uint8 [count, 28, 28, 3]."""
    import keras

    import trainer

    samples = trainer.open_run(run_dir).sample(count)
    keras.backend.clear_session()
    return samples


class _Reader:
    """Reads the class of every channel, by the classifier that an evaluation of MNIST trains."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        from trainer.config.recipe import load_experiment
        from trainer.data import loading
        from trainer.evaluation.extractors.classifier_training import train_classifier

        place = [f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []
        self.mnist = loading.load(load_experiment("dcgan-mnist", place).data)
        self.classifier = train_classifier(self.mnist.train, self.mnist.spec)
        self.accuracy = self.classifier.accuracy(self.mnist.held_out)

    def counted(self, samples: np.ndarray) -> tuple[int, float]:
        """Modes of which a sample was seen, and KL in nats from all modes being as likely."""
        labels = [self.classifier.predict(samples[..., c : c + 1]) for c in range(3)]
        return evenness(labels[0] * _CLASSES**2 + labels[1] * _CLASSES + labels[2])

    def floors(self, count: int) -> list[dict[str, Any]]:
        """What real stacks and evenly drawn modes score."""
        random = np.random.RandomState(0)
        held_out = self.mnist.held_out["sample"][..., 0]
        stacks = held_out[random.randint(len(held_out), size=(count, 3))]
        rows = {
            "real held-out digits": self.counted(np.moveaxis(stacks, 1, -1)),
            "modes drawn evenly": evenness(random.randint(_MODES, size=count)),
        }
        return [
            {"game": name, "discriminator": "", "modes": m, "KL": round(kl, 4)}
            for name, (m, kl) in rows.items()
        ]


def evenness(modes: np.ndarray) -> tuple[int, float]:
    """How many of the thousand modes occur, and KL(shares ‖ uniform) in nats.

    Args:
        modes: integers [n] of 0 … 999.
    """
    shares = np.bincount(modes, minlength=_MODES) / len(modes)
    present = shares[shares > 0]
    return len(present), float(np.sum(present * np.log(present * _MODES)))


def not_run(game: str, judge: str) -> dict[str, Any]:
    """The row of what has not been measured."""
    return {"game": game, "discriminator": judge, "modes": "not run"}


def _row(
    judge: str,
    game: str,
    found: dict[tuple[str, int], tuple[int, float]],
    runs: dict[tuple[str, int], trained.Trained],
) -> dict[str, Any]:
    mine = [place for place in found if place[0] == game]
    if not mine:
        return not_run(game, judge)
    return {
        "game": game,
        "discriminator": judge,
        "modes": trained.spread([float(found[place][0]) for place in mine], ".4g"),
        "KL": trained.spread([found[place][1] for place in mine]),
        "steps": runs[mine[0]].steps,
        "images seen": runs[mine[0]].examples,
        "minutes": trained.spread([runs[place].seconds / 60 for place in mine]),
        "seeds": len(mine),
        "commit": harness.commit(),
    }
