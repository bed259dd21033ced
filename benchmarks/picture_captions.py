"""Captions of pictures: maximum likelihood, the game, and the game that refuses wrong pairs.

Captioned digits have one true caption each, so its share can be counted; of emoji the true caption
is a name. Dai et al. measure a game that lies below maximum likelihood by words in common with true
captions, as people do, and above it by whether a caption finds its picture: both stand here.

Reference: Dai et al. 2017, "Towards diverse and natural image descriptions via a conditional GAN".
"""

import argparse
from pathlib import Path
from typing import Any

from benchmarks import trained

# Name of a row → what differs from the recipe; "MLE" ends where the game would begin.
_GAMES = {
    "MLE": (),
    "game": ("terms=[]",),
    "game, wrong pairs refused": (),
}
_PRETRAINING = {"generator": 2000, "discriminator": 400}
_GAME = 800
_COLUMNS = {
    "true captions": "exact_captions",
    **{f"R@{k} of 100": f"retrieval_{k}" for k in (1, 5, 10)},
    "BLEU-2": "bleu_2",
    "distinct-2": "distinct_2",
    "different": "unique_texts",
    "training captions": "copied_texts",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--emoji", type=Path, help="folder of emoji64.npz and captions.jsonl")
    parser.add_argument("--games", nargs="+", choices=tuple(_GAMES), default=list(_GAMES))
    parser.add_argument("--shorter", type=int, default=1, help="divides every number of steps")
    trained.add_arguments(parser, "runs/captions", seeds=3, workers=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    shorter = 200 if arguments.quick else arguments.shorter
    jobs = {
        (game, seed): _job(game, seed, shorter, arguments.emoji)
        for game in arguments.games
        for seed in range(1 if arguments.quick else arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=arguments.workers, threads=arguments.threads)
    done = trained.succeeded(made)
    return {
        "rows": rows({g: [dict(o.numbers or {}) for (n, _), o in done.items() if n == g]
                      for g in _GAMES}),
        "details": {
            "data": "emoji" if arguments.emoji else "captioned digits",
            "runs": [
                {"game": game, "seed": seed, "steps": one.steps, "numbers": one.numbers}
                for (game, seed), one in made.items()
            ],
            "problems": trained.problems(made),
        },
    }  # fmt: skip


def _job(game: str, seed: int, shorter: int, emoji: Path | None) -> trained.Job:
    steps = {stage: count // shorter for stage, count in _PRETRAINING.items()}
    last = steps["generator"] if game == "MLE" else sum(steps.values()) + _GAME // shorter
    data = "emoji" if emoji else "digits"
    overrides = [
        *trained.plainly(last, seed),
        *_GAMES[game],
        *(f"round.pretrain_{stage}={count}" for stage, count in steps.items()),
        f"optimizers.generator.schedule.steps={steps['generator']}",
        "devices.steps_per_execution=1",
    ]
    if emoji:
        of = (
            f"{{name: captions, pictures: {emoji / 'emoji64.npz'}, "
            f"captions: {emoji / 'captions.jsonl'}, caption: name, words: 2000, length: 8}}"
        )
        overrides += [f"data.source={{name: described, of: {of}}}", "data.size=32"]
    few = 60 if shorter > 100 else 1000
    measured = (
        "evaluate.metrics=[captioned, bleu, distinct, novelty]",
        f"evaluate.num_samples={few}",
    )
    name = f"{data}-{game.replace(', ', '-').replace(' ', '-')}-{last}-{seed}"
    return trained.Job(name, "captioning-digits", tuple(overrides), measured)


def rows(numbers: dict[str, list[dict[str, float]]]) -> list[dict[str, Any]]:
    """The table: a row a game, the mean over its runs; `numbers` are those of each."""
    return [
        {
            "game": game,
            **{
                column: trained.spread([one[key] for one in runs], ".3f")
                for column, key in _COLUMNS.items()
            },
            "seeds": len(runs),
        }
        for game, runs in numbers.items()
    ]
