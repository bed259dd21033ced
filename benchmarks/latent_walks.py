"""Arithmetic and interpolation of latents: GAN, VAE and autoencoder on digits of known strokes.

Strokes of the digits are thick or thin, and their width is measured exactly on any picture
(`trainer.data.sources.thick_digits`). Three parts of the lectures' story of the glasses:

* thicker, thinner: latents of thin samples plus the mean of three thick ones minus the mean of
  three thin ones of other digits, and the other way round: the share whose strokes are now on the
  other side of the middle of all widths, the share that is still the same digit, and both;
* midpoint: how sure a classifier is of the picture half way between samples of two digits, beside
  the mean of the two pictures and the samples at the ends.

Latents are drawn by seed for the GAN; for VAE and autoencoder they are those of held-out pictures.
Digits are read by a support vector machine that learned the training pictures, and how sure one is
of them by a logistic regression.

Reference: Radford et al. 2016, "Unsupervised representation learning with deep convolutional
generative adversarial networks", section 6.3.2 (means of three).
"""

import argparse
from typing import Any

import numpy as np

from benchmarks import trained
from benchmarks.posed_digits import classifier

# By name: recipe, and what it takes on these pictures.
GAMES = {
    "GAN": "inpainting-digits",
    "VAE": "vae-digits",
    "autoencoder": "autoencoder-digits",
}
_OF_A_MEAN = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--samples", type=int, default=170, help="latents; 179 are held out")
    parser.add_argument("--filters", type=int, default=32, help="base filters of the networks")
    parser.add_argument("--steps", type=int, default=4000, help="of training")
    trained.add_arguments(parser, "runs/walks", seeds=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    jobs = {
        (game, seed): _job(arguments, game, seed)
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    start_tensorflow()
    first = next(iter(jobs.values()))
    data = loading.load(load_experiment(first.recipe, list(first.overrides)).data)
    reader = Reader(data.train)
    count = 40 if arguments.quick else arguments.samples
    runs = trained.succeeded(made)
    measured = {
        place: _measured(one.run_dir, place[0], data.held_out, count, reader)
        for place, one in runs.items()
    }
    rows = [_row(game, runs, measured) for game in arguments.games]
    return {
        "rows": [*rows, _pictures(data.held_out.samples[:count], reader)],
        "details": {
            "samples": count,
            "widths, middle": reader.middle,
            "runs": [{"game": g, "seed": s, **numbers} for (g, s), numbers in measured.items()],
            "problems": trained.problems(made),
        },
    }


def _job(arguments: argparse.Namespace, game: str, seed: int) -> trained.Job:
    steps = 20 if arguments.quick else arguments.steps
    overrides = [
        "data.source=thick_digits",
        f"network.base_filters={arguments.filters}",
        "prior.size=16",
        "export.searches=[]",
        *trained.plainly(steps, seed),
    ]
    name = f"{game}-{arguments.filters}-{steps}-{seed}"
    return trained.Job(name, GAMES[game], overrides, evaluation=None)


class Reader:
    """What is to be seen on pictures: which digit, how surely, and how wide its strokes are.

    Attributes:
        digits: pictures → the digits that they show, by a support vector machine.
        middle: the median width of the training pictures.
    """

    def __init__(self, train: Any) -> None:
        from sklearn.linear_model import LogisticRegression

        self.digits = classifier(train)
        self._sure = LogisticRegression(max_iter=200).fit(_rows(train.samples), train.labels)
        self.middle = float(np.median(self.widths(train.samples)))

    def widths(self, pictures: np.ndarray) -> np.ndarray:
        """Of strokes, in pixels."""
        from trainer.data.sources import thick_digits

        return thick_digits.measure(pictures)

    def confidence(self, pictures: np.ndarray) -> float:
        """Mean probability of the likeliest digit."""
        return float(self._sure.predict_proba(_rows(pictures)).max(axis=1).mean())


def _rows(pictures: np.ndarray) -> np.ndarray:
    return pictures.reshape(len(pictures), -1) / 255.0


# ---- What is measured ----------------------------------------------------------------------------


def _measured(
    run_dir: str, game: str, held_out: Any, count: int, reader: Reader
) -> dict[str, float]:
    import keras

    from benchmarks.searched import opened

    live = opened(run_dir).live
    if "encode" in live.signatures:
        latents = live.run("encode", {"image": held_out.samples[:count]})["latent"]
    else:
        latents = live.run("latents", {"seed": np.arange(count)})["latent"]

    def decode(z: np.ndarray) -> np.ndarray:
        return live.run("decode", {"latent": z.astype(np.float32)})["image"]

    pictures = decode(latents)
    numbers = arithmetic(latents, pictures, decode, reader)
    numbers |= midpoints(latents, pictures, decode, reader)
    keras.backend.clear_session()
    return numbers


def arithmetic(
    latents: np.ndarray, pictures: np.ndarray, decode: Any, reader: Any
) -> dict[str, float]:
    """Shares of samples whose strokes change sides, that stay their digit, and both.

    Args:
        latents: [n, z].
        pictures: of them, uint8 [n, h, w, 1].
        decode: latents → pictures.
        reader: as `Reader`.
    """
    thick, digits = reader.widths(pictures) > reader.middle, reader.digits(pictures)
    random = np.random.RandomState(0)
    moved = np.empty_like(latents)
    for row, (is_thick, digit) in enumerate(zip(thick, digits, strict=True)):
        with_it, without = (
            _mean_of_few(latents, (thick == side) & (digits != digit), random)
            for side in (not is_thick, is_thick)
        )
        moved[row] = latents[row] + with_it - without
    after = decode(moved)
    flipped = (reader.widths(after) > reader.middle) != thick
    same = reader.digits(after) == digits
    return {
        "strokes flip": float(flipped.mean()),
        "same digit": float(same.mean()),
        "both": float((flipped & same).mean()),
    }


def _mean_of_few(
    latents: np.ndarray, chosen: np.ndarray, random: np.random.RandomState
) -> np.ndarray:
    places = np.flatnonzero(chosen)
    if not len(places):
        return np.zeros(latents.shape[1], latents.dtype)
    few = random.choice(places, min(_OF_A_MEAN, len(places)), replace=False)
    return np.asarray(latents[few].mean(axis=0))


def midpoints(
    latents: np.ndarray, pictures: np.ndarray, decode: Any, reader: Any
) -> dict[str, float]:
    """How sure the reader is at both ends of ways between two digits, and in the middle of them.

    Not a number in the middle where all samples show the same digit.
    """
    digits = reader.digits(pictures)
    other = np.random.RandomState(0).permutation(len(latents))
    apart = digits != digits[other]
    ends = {"sure at the ends": reader.confidence(pictures)}
    if not apart.any():
        return ends | dict.fromkeys(("sure at midpoints", "sure of mean pictures"), float("nan"))
    a, b = latents[apart], latents[other][apart]
    # Half way along the great circle, at the length between both.
    middle = a + b
    lengths = [np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b, middle)]
    middle *= 0.5 * (lengths[0] + lengths[1]) / np.maximum(lengths[2], 1e-6)
    blended = 0.5 * (pictures[apart].astype(float) + pictures[other][apart])
    return ends | {
        "sure at midpoints": reader.confidence(decode(middle)),
        "sure of mean pictures": reader.confidence(blended),
    }


def _row(
    game: str, runs: dict[Any, trained.Trained], measured: dict[Any, dict[str, float]]
) -> dict[str, Any]:
    mine = [place for place in measured if place[0] == game]
    columns = measured[mine[0]] if mine else {}
    return {
        "game": game,
        **{name: trained.spread([measured[place][name] for place in mine]) for name in columns},
        "steps": runs[mine[0]].steps if mine else "",
        "seeds": len(mine),
    }


def _pictures(real: np.ndarray, reader: Reader) -> dict[str, Any]:
    return {"game": "held-out pictures", "sure at the ends": f"{reader.confidence(real):.3g}"}
