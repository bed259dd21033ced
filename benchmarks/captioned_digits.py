"""Share of pictures that show what their caption says: digit, colour and corner, all at once.

Corner, colour and the width of strokes (`--thickness`) are read off the pixels
(`trainer.data.sources.captioned_digits`), the digit by a support vector machine that learned the
data's digits in the same strokes: the built-in ones, or MNIST's on 32x32 pixels (`--data mnist`).
The ceiling is what real pictures score, read alike. With `--unseen`, a share of the combinations is
never trained on, and measured apart. Variety is the variance of the pictures of one caption as a
share of that of real ones: a generator that makes one picture a caption has none.

Reference: Reed et al. 2016, "Generative adversarial text to image synthesis", whose ablation this
is: GAN, GAN-CLS, GAN-INT and both; TAC-GAN (Dash et al. 2017) also names digits.
"""

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks import trained
from trainer.data.sources import captioned_digits
from trainer.data.sources.captioned_digits import Content

RECIPE = "gan-cls-digits"
GAMES = {
    "GAN": "terms=[]",
    "GAN-CLS": "terms=[matching_aware]",
    "GAN-INT": "terms=[interpolation]",
    "GAN-INT-CLS": "terms=[matching_aware, interpolation]",
    "TAC-GAN": "terms=[matching_aware, classification]",
    "GAN-CLS, mode seeking": "terms=[matching_aware, mode_seeking]",
    "TAC-GAN, mode seeking": "terms=[matching_aware, classification, mode_seeking]",
}
# Data → options of the source.
DATA = {"digits": "", "mnist": "of: tfds:mnist, side: 32, "}
_PARTS = ("digit", "colour", "corner", "thickness")
_REAL, _TOLD = "real pictures", ", thickness told"
_EVERY_TOLD = ("", _TOLD, ", mnist", f", mnist{_TOLD}")
_RESULT = "captioned_digits.json"
# Digits that the classifier learns at most.
_MOST = 5000
# Digits uint8 [n, s, s] → their classes [n].
Classify = Callable[[np.ndarray], np.ndarray]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--data", default="digits", choices=list(DATA))
    parser.add_argument("--data-dir", help="where prepared tensorflow-datasets lie")
    parser.add_argument("--steps", type=int, help="of training; default the recipe's")
    parser.add_argument("--thickness", action="store_true", help="captions tell thin from bold")
    parser.add_argument("--unseen", type=int, default=1, help="tenths never trained on")
    parser.add_argument("--each", type=int, default=20, help="pictures of each combination")
    trained.add_arguments(parser, "runs/captions", seeds=1)


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
    contents = captioned_digits.contents(thickness=arguments.thickness)
    digits = digits_of(arguments)
    classify = classifier(digits, thickness=arguments.thickness)
    each = 2 if arguments.quick else arguments.each
    asked = [content for content in contents for _ in range(each)]
    unseen = np.array([content.is_unseen(arguments.unseen) for content in asked])
    pictures = {place: drawn(one.run_dir, asked) for place, one in trained.succeeded(runs).items()}
    found = {place: matches(made, asked, classify) for place, made in pictures.items()}
    real = real_pictures(asked, digits)
    varied = {place: variety(made, each) / variety(real, each) for place, made in pictures.items()}
    told = _told(arguments)
    path, asked_anew = arguments.results / _RESULT, {(game + told,) for game in arguments.games}
    before = trained.measured_before(path, ("game",), asked_anew)
    rows = [
        *(_row(game, told, found, varied, runs, unseen) for game in arguments.games),
        _row_of(_REAL + told, [matches(real, asked, classify)], [1.0]),
    ]
    return {
        "rows": _with_others(rows, before),
        "details": {
            "recipe": RECIPE,
            "unseen tenths": arguments.unseen,
            "pictures": len(asked),
            "by chance": 1.0 / len(contents),
            "runs": before.runs
            + [
                {"game": game + told, "seed": seed, **shares(values), "variety": varied[game, seed]}
                for (game, seed), values in found.items()
            ],
            "problems": trained.problems(runs),
        },
    }


def _told(arguments: argparse.Namespace) -> str:
    """What the names of rows say of data and captions."""
    return f", {arguments.data}" * (arguments.data != "digits") + _TOLD * arguments.thickness


def _with_others(rows: list[dict[str, Any]], before: trained.Before) -> list[dict[str, Any]]:
    """New rows among those measured before, and among games that were not run."""
    new = {row["game"]: row for row in rows}
    every = [game + told for told in _EVERY_TOLD for game in (*GAMES, _REAL)]
    return [
        new.get(game) or before.rows.get((game,)) or {"game": game, "digit": "not run"}
        for game in every
    ]


def _job(arguments: argparse.Namespace, game: str, seed: int) -> trained.Job:
    steps = 20 if arguments.quick else arguments.steps
    place = [f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []
    overrides = [
        GAMES[game],
        f"data.source={_source(arguments)}",
        f"seed={seed}",
        *([f"train.steps={steps}"] if steps else []),
        *place,
    ]
    folder = (game + _told(arguments)).replace(" ", "-").replace(",", "")
    name = f"{folder}-{steps or 'all'}-{arguments.unseen}-{seed}"
    return trained.Job(name, RECIPE, overrides, evaluation=None)


def _source(arguments: argparse.Namespace) -> str:
    told = ", thickness: true" * arguments.thickness
    own = f"{DATA[arguments.data]}unseen: {arguments.unseen}{told}"
    return f"{{name: captioned_digits, {own}}}"


# ---- What pictures show --------------------------------------------------------------------------


class Digits(NamedTuple):
    """The digits that are drawn, uint8 [n, s, s, 1], and their classes [n]."""

    levels: np.ndarray
    labels: np.ndarray


def digits_of(arguments: argparse.Namespace) -> Digits:
    """The digits of the benchmark's data, the first of them where there are very many."""
    from trainer.config.recipe import load_experiment

    place = [f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []
    data = load_experiment(RECIPE, [f"data.source={_source(arguments)}", *place]).data
    levels, labels = captioned_digits.digits_of(data)
    return Digits(levels[:_MOST], labels[:_MOST])


def classifier(digits: Digits, *, thickness: bool = False) -> Classify:
    """A support vector machine that learned digits, as they are or in both strokes."""
    from sklearn.svm import SVC

    digit, number = captioned_digits.in_strokes(digits.levels), len(digits.labels)
    strokes: Sequence[int | None] = (0, 1) if thickness else (None,)
    shown = np.stack([digit(i, width) for width in strokes for i in range(number)])
    rows = _rows(shown)
    machine = SVC(gamma=0.064 / rows.shape[1], C=10.0)
    machine.fit(rows, np.tile(digits.labels, len(strokes)))
    return lambda pictures: machine.predict(_rows(pictures))


def _rows(digits: np.ndarray) -> np.ndarray:
    """uint8 [n, s, s] in the 17 levels of the built-in digits, float64 [n, s²]."""
    return digits.reshape(len(digits), -1) * (16.0 / 255.0)


def drawn(run_dir: str, asked: Sequence[Content]) -> np.ndarray:
    """What a run makes of the captions with seeds 0, 1, …: uint8 [n, 2s, 2s, 3]."""
    import keras

    import trainer

    samples = trainer.open_run(run_dir).sample(len(asked), text=[c.caption for c in asked])
    keras.backend.clear_session()
    return samples


def matches(pictures: np.ndarray, asked: Sequence[Content], classify: Classify) -> np.ndarray:
    """Whether each part is that of the caption, bool [n, 3], or [n, 4] where strokes are told."""
    shown = [
        classify(captioned_digits.digits_in(pictures)),
        captioned_digits.colour_of(pictures),
        captioned_digits.corner_of(pictures),
    ]
    if asked[0].thickness is not None:
        shown.append(captioned_digits.thickness_of(pictures))
    told = np.array([content[: len(shown)] for content in asked])
    right: np.ndarray = np.stack(shown, axis=-1) == told
    return right


def real_pictures(asked: Sequence[Content], digits: Digits) -> np.ndarray:
    """Digits drawn as captions say, one after the other: uint8 [n, 2s, 2s, 3]."""
    of_digit = [np.flatnonzero(digits.labels == digit) for digit in range(10)]
    digit = captioned_digits.in_strokes(digits.levels)
    drawn = []
    for number, content in enumerate(asked):
        rows = of_digit[content.digit]
        own = digit(rows[number % len(rows)], content.thickness)
        drawn.append(captioned_digits.draw(own, content))
    return np.stack(drawn)


def variety(pictures: np.ndarray, each: int) -> float:
    """The variance of pixels among the `each` pictures of a caption that stand together, summed."""
    values = pictures.reshape(-1, each, pictures[0].size) / 255.0
    return float(values.var(axis=1).sum(axis=-1).mean())


# ---- Rows ----------------------------------------------------------------------------------------


def shares(values: np.ndarray) -> dict[str, float]:
    """Of pictures on which each part is right, and all of them."""
    each = dict(zip(_PARTS, values.mean(axis=0).tolist(), strict=False))
    return each | {"all": float(values.all(axis=-1).mean())}


def _row(
    game: str,
    told: str,
    found: dict[tuple[str, int], np.ndarray],
    varied: dict[tuple[str, int], float],
    runs: dict[tuple[str, int], trained.Trained],
    unseen: np.ndarray,
) -> dict[str, Any]:
    mine = [place for place in found if place[0] == game]
    return {
        **_row_of(game + told, [found[p] for p in mine], [varied[p] for p in mine], unseen),
        "steps": runs[mine[0]].steps if mine else 0,
        "minutes": trained.spread([runs[place].seconds / 60 for place in mine]),
        "seeds": len(mine),
    }


def _row_of(
    name: str,
    values: list[np.ndarray],
    varied: list[float],
    unseen: np.ndarray | None = None,
) -> dict[str, Any]:
    """Shares of all pictures; "all" of combinations that were trained on, and of others."""
    seen = [shares(v if unseen is None else v[~unseen]) for v in values]
    others = [] if unseen is None else [shares(v[unseen]) for v in values if unseen.any()]
    row: dict[str, Any] = {"game": name}
    for part in seen[0] if seen else (*_PARTS, "all"):
        row[part] = trained.spread([of_run[part] for of_run in seen])
    if unseen is not None:
        row["all, never seen"] = trained.spread([of_run["all"] for of_run in others])
    row["variety"] = trained.spread(varied)
    return row
