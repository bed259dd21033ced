"""Two games on the same data in equal time: progressive growing, and StyleGAN2, beside plain games.

Progressive growing on MNIST from 8 by way of 16 to 32 pixels stands beside the very same networks
that are at 32 pixels from the start, and StyleGAN2 beside a DCGAN on emoji of 32 pixels. The first
game of each data set plays its number of steps; the other one ends when it has trained as long.
Distances are of features of a classifier of the data (of emoji, of their categories) to held-out
examples: a tenth of the emoji, MNIST's test set. No claim is made for what a GPU would reach.

Reference: Karras et al. 2018, "Progressive growing of GANs for improved quality, stability, and
variation" (section 6.3: 5.4 times as fast at 1024 pixels); Karras et al. 2020, "Analyzing and
improving the image quality of StyleGAN".
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import trained


class Game(NamedTuple):
    """A recipe and what is changed of it."""

    recipe: str
    overrides: tuple[str, ...] = ()


class Pair(NamedTuple):
    """What is played on some data.

    Attributes:
        data: overrides that both games have; `{folder}` stands for that of the runs.
        steps: of the first game.
        games: the first one, and the one that has as much time.
    """

    data: tuple[str, ...]
    steps: int
    games: Mapping[str, Game]


_GROWN = ("network={name: progressive, base_filters: 32, max_filters: 64, smallest: 8}",)
PAIRS = {
    "MNIST": Pair(
        ("data.source=tfds:mnist", "data.size=32"),
        6000,
        {
            "progressive growing": Game(
                "progressive-digits",
                (*_GROWN, "wrappers=[{name: grow, steady: 1200, fade: 1200}]"),
            ),
            "full size from the start": Game("progressive-digits", (*_GROWN, "wrappers=[]")),
        },
    ),
    "emoji": Pair(
        ("data.source=npz:{folder}/emoji.npz", "data.size=32"),
        3000,
        {
            "StyleGAN2": Game("stylegan2-digits", ("network.max_filters=128",)),
            "DCGAN": Game("dcgan-digits", ("network.base_filters=32",)),
        },
    ),
}
_DISTANCE = "fcd"
_EVALUATION = ("evaluate.metrics=[frechet]", "evaluate.extractor=classifier")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", nargs="+", default=list(PAIRS), choices=list(PAIRS))
    parser.add_argument("--data-dir", help="where prepared tensorflow-datasets lie")
    parser.add_argument("--emoji", type=Path, default=Path("../shared/data/emoji_captions"))
    parser.add_argument("--steps", type=int, help="of the first games; default their own")
    trained.add_arguments(parser, "runs/equal-time", seeds=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    if "emoji" in arguments.data:
        write_emoji(arguments.emoji, arguments.work)
    first = _made(
        {
            (data, _names(data)[0], seed): job(arguments, data, seed)
            for data in arguments.data
            for seed in range(arguments.seeds)
        },
        arguments,
    )
    second = _made(
        {
            (data, _names(data)[1], seed): job(arguments, data, seed, one.seconds)
            for (data, _, seed), one in trained.succeeded(first).items()
        },
        arguments,
    )
    made = {**first, **second}
    rows = [_row(data, game, made) for data in arguments.data for game in _names(data)]
    runs = [
        {"data": data, "game": game, "seed": seed, **(one.numbers or {})}
        for (data, game, seed), one in made.items()
    ]
    return {"rows": rows, "details": {"runs": runs, "problems": trained.problems(made)}}


def job(
    arguments: argparse.Namespace, data: str, seed: int, seconds: float | None = None
) -> trained.Job:
    """The run of a data set's first game; of its other one, where it is told for how long."""
    pair, name = PAIRS[data], _names(data)[seconds is not None]
    place = [f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []
    steps = 20 if arguments.quick else arguments.steps or pair.steps
    length = [f"train.steps={steps}"] if seconds is None else trained.as_long_as(seconds)
    overrides = (
        *(option.replace("{folder}", str(arguments.work)) for option in pair.data),
        *place,
        *pair.games[name].overrides,
        *length,
        "evaluate.every=null",
        f"seed={seed}",
    )
    long = steps if seconds is None else f"{seconds:.0f}s"
    folder = f"{name.replace(' ', '-')}-{long}-{seed}"
    return trained.Job(folder, pair.games[name].recipe, overrides, _EVALUATION)


def write_emoji(folder: Path, work: Path) -> None:
    """The pictures of `emoji64.npz` with their categories, as one file of the folder of runs."""
    lines = (folder / "captions.jsonl").read_text(encoding="utf-8").splitlines()
    with np.load(folder / "emoji64.npz") as arrays:
        images = arrays["images"]
    work.mkdir(parents=True, exist_ok=True)
    file = work / "emoji.npz"
    # Written once: a run goes on with the file that it has begun with.
    if not file.exists():
        np.savez(file, images=images, labels=[json.loads(line)["category"] for line in lines])


def _names(data: str) -> list[str]:
    return list(PAIRS[data].games)


def _made(
    jobs: dict[tuple[str, str, int], trained.Job], arguments: argparse.Namespace
) -> dict[tuple[str, str, int], trained.Trained]:
    return trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)


def _row(
    data: str, game: str, made: Mapping[tuple[str, str, int], trained.Trained]
) -> dict[str, Any]:
    mine = [
        one for (d, g, _), one in trained.succeeded(made).items() if (d, g) == (data, game)
    ]  # fmt: skip
    return {
        "data": data,
        "game": game,
        "classifier FD": trained.spread([(one.numbers or {})[_DISTANCE] for one in mine]),
        "steps": trained.spread([one.steps for one in mine], ".0f"),
        "images/s": trained.spread([one.examples / max(one.seconds, 1e-9) for one in mine]),
        "minutes": trained.spread([one.seconds / 60 for one in mine]),
        "seeds": len(mine),
    }
