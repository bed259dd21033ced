"""A GAN beside what makes pictures without one: same data, networks, batch and steps.

Rivals: a VAE, a plain autoencoder whose latents are drawn from the prior, GLO, a discriminator
alone (negative sampling) and scikit-learn's restricted Boltzmann machine. Four parts: all rivals on
the 8x8 digits; autoencoder and GLO with wider networks; pairs of digits of one class, whose halves
must agree; and fewer examples to train on. A fifth, `memory`, is played when it is asked for: all
rivals on 500, 5 000 and 50 000 pictures of MNIST. Distances are of pixels on [0, 1]. Real held-out
digits stand where a generator's samples do, as the ceiling; principal components, as many as
latents have numbers, are what a decoder's held-out error is to be below. `--picture` draws samples
of the rivals side by side.

Runs are kept: a benchmark that was broken off goes on where it was.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import trained
from benchmarks.captioned_digits import Classify, Digits, classifier

RECIPES = {
    "GAN": "dcgan-digits",
    "VAE": "vae-digits",
    "autoencoder": "autoencoder-digits",
    "GLO": "glo-digits",
    "negative sampling": "negative-digits",
}
MACHINE = "Boltzmann machine"
COMPONENTS = "principal components"
PARTS = ("rivals", "widths", "twins", "sizes", "memory")
_TWINS = ("GAN", "autoencoder", "negative sampling")
_WIDENED = ("autoencoder", "GLO")
_FEWER = ("GAN", "GLO")
# Held out of 1 797 digits; what is left is trained on.
_HELD_OUT = {"rivals": 0.3, "sizes": 0.9}
_TWIN_SOURCE = "data.source={name: twins, count: 10000}"
# Numbers in a latent of the recipes.
_LATENT = 16
# Held-out pictures that are to come back, and samples of each rival on a picture.
_ASKED, _SHOWN = 64, 10
# Restarts and steps of the search that looks for held-out pictures.
_SEARCH = "export.searches=[{name: project, steps: 100, restarts: 2}]"


@dataclass(frozen=True)
class Contest:
    """One run: a rival under the conditions of a part."""

    rival: str
    part: str
    width: int = 1
    seed: int = 0
    pictures: int | None = None

    @property
    def name(self) -> str:
        """Of its folder."""
        part = f"{self.part}{self.pictures or ''}"
        return f"{self.rival.replace(' ', '-')}-{part}-{self.width}-{self.seed}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--parts", nargs="+", default=list(PARTS[:-1]), choices=PARTS)
    parser.add_argument("--games", nargs="+", default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument("--data-dir", type=Path, help="of prepared tensorflow-datasets, for memory")
    parser.add_argument("--pictures", nargs="+", type=int, default=[500, 5000, 50_000])
    parser.add_argument("--compared", type=int, default=2000, help="samples and held-out pictures")
    parser.add_argument("--widths", nargs="+", type=int, default=[2, 4], help="times the filters")
    parser.add_argument("--filters", type=int, default=64, help="base filters at width 1")
    parser.add_argument("--steps", type=int, default=3000, help="of every game")
    parser.add_argument("--picture", type=Path, help="PNG of samples, a column a rival")
    trained.add_arguments(parser, "runs/rivals", seeds=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    contests = [
        contest
        for part in arguments.parts
        for contest in _contests(part, arguments)
        if contest.rival in arguments.games
    ]
    jobs = {contest: _job(contest, arguments) for contest in contests}
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    start_tensorflow()
    rows, shown = [], {}
    for contest, one in trained.succeeded(made).items():
        row, samples = _row(contest, one, arguments)
        rows.append(row)
        if (contest.part, contest.seed) == ("rivals", 0):
            shown[contest.rival] = samples
    if "rivals" in arguments.parts:
        row, shown[MACHINE] = _machine_row(arguments)
        rows += [row, _components_row(), _ceiling()]
        if arguments.picture:
            arguments.picture.write_bytes(_side_by_side({**shown, "real": _split()[1]}))
    details = {
        "steps": arguments.steps,
        "base filters": arguments.filters,
        "seeds": arguments.seeds,
        "problems": trained.problems(made),
    }
    return {"rows": rows, "details": details}


def _contests(part: str, arguments: argparse.Namespace) -> Iterator[Contest]:
    for seed in range(arguments.seeds):
        if part == "rivals":
            yield from (Contest(rival, part, seed=seed) for rival in RECIPES)
        elif part == "widths":
            wider = [(rival, width) for rival in _WIDENED for width in arguments.widths]
            yield from (Contest(rival, part, width, seed) for rival, width in wider)
        elif part == "memory":
            for count in arguments.pictures:
                yield from (Contest(rival, part, 1, seed, count) for rival in RECIPES)
        else:
            names = _TWINS if part == "twins" else _FEWER
            yield from (Contest(rival, part, seed=seed) for rival in names)


def _job(contest: Contest, arguments: argparse.Namespace) -> trained.Job:
    steps = 20 if arguments.quick else arguments.steps
    share = _HELD_OUT.get(contest.part, _HELD_OUT["rivals"])
    overrides = [
        f"network.base_filters={arguments.filters * contest.width}",
        f"data.holdout_share={share}",
        *trained.plainly(steps, contest.seed),
        *([_TWIN_SOURCE] if contest.part == "twins" else []),
        *(_first_pictures(contest.pictures, arguments) if contest.pictures else []),
        *([_SEARCH] if contest.rival in ("GAN", "GLO") and contest.part != "twins" else []),
        *([f"prior={{name: gaussian, size: {_LATENT}}}"] if contest.rival == "GAN" else []),
    ]
    name = f"{contest.name}-{arguments.filters}-{steps}"
    return trained.Job(name, RECIPES[contest.rival], overrides, evaluation=None)


def _first_pictures(count: int, arguments: argparse.Namespace) -> list[str]:
    """The first pictures of MNIST; its test set is held out."""
    data_dir = [f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []
    return ["data.source=tfds:mnist", f"data.split='train[:{count}]'", *data_dir]


# ---- What is measured ----------------------------------------------------------------------------


def _row(
    contest: Contest, one: trained.Trained, arguments: argparse.Namespace
) -> tuple[dict[str, Any], np.ndarray]:
    """What is measured of a run, and its samples."""
    import keras

    import trainer
    from trainer.data import loading
    from trainer.data.sources import digits

    opened = trainer.open_run(one.run_dir)
    data = loading.load(opened.experiment.data)
    real = data.held_out.samples[: arguments.compared]
    begun = time.perf_counter()
    made = opened.sample(len(real))
    pace = len(real) / (time.perf_counter() - begun)
    row = _head(contest.rival, contest, len(data.train))
    row |= _compared(made, real, data.train.samples)
    if contest.part == "twins":
        row["halves agree"] = agreement(made, classifier(Digits(*digits.read())))
    else:
        row["held-out error"] = _held_out_error(opened, real[:_ASKED])
    row |= {"steps": one.steps, "training s": one.seconds, "samples/s": pace}
    keras.backend.clear_session()
    return row, made


def _head(rival: str, contest: Contest | None, examples: int) -> dict[str, Any]:
    part, width = (contest.part, contest.width) if contest else ("rivals", 1)
    return {"rival": rival, "part": part, "width": width, "examples": examples}


def _compared(made: np.ndarray, real: np.ndarray, train: np.ndarray) -> dict[str, float]:
    """Fréchet distance, precision and recall of pixels; the share nearer to training examples."""
    from trainer.metrics.frechet import frechet_distance
    from trainer.metrics.manifold import prdc
    from trainer.metrics.memorisation import equal_rows, nearer_to_training
    from trainer.metrics.neighbours import nearest

    fake, held_out, known = (_pixels(pictures) for pictures in (made, real, train))
    balls = prdc(held_out, fake)
    rows = np.arange(len(known))
    if len(known) > len(held_out):
        rows = equal_rows(len(known), len(held_out))
    others = held_out[: len(rows)]
    nearer = nearer_to_training(
        nearest(fake, known[rows]).distances, nearest(fake, others).distances
    )
    return {
        "Fréchet": frechet_distance(held_out, fake).value,
        "precision": balls.precision.value,
        "recall": balls.recall.value,
        "nearer to training": nearer.value,
    }


def _held_out_error(opened: Any, real: np.ndarray) -> float | str:
    """Mean squared error on [-1, 1] of held-out pictures, by the encoder or by a search."""
    offered = opened.description.signatures
    if "reconstruct" in offered:
        again = opened.ask("reconstruct", image=real)["image"]
    elif "project" in offered:
        again = opened.ask("project", image=real, seed=np.arange(len(real)))["image"]
    else:
        return ""
    return _error(_pixels(again), _pixels(real))


def _error(again: np.ndarray, real: np.ndarray) -> float:
    """The mean squared error on [-1, 1] of pixels on [0, 1]."""
    return float(4.0 * np.square(again - real).mean())


def agreement(pairs: np.ndarray, classify: Classify) -> float:
    """Share of pairs uint8 [n, 8, 16, 1] whose halves are of one class."""
    return float((classify(pairs[:, :, :8]) == classify(pairs[:, :, 8:])).mean())


def _pixels(pictures: np.ndarray) -> np.ndarray:
    """uint8 [n, …] → float64 [n, d] on [0, 1]."""
    return pictures.reshape(len(pictures), -1) / 255.0


# ---- What is not the product's -------------------------------------------------------------------


def _side_by_side(samples: dict[str, np.ndarray]) -> bytes:
    """A PNG file of the first samples uint8 [n, h, w, c] of each, a column with its name."""
    from serving.pictures import encode_png
    from trainer.run.pictures import grid

    few = np.stack([pictures[:_SHOWN] for pictures in samples.values()], axis=1)
    sheet = grid(few.reshape(-1, *few.shape[2:]), len(few), len(samples), list(samples))
    return bytes(encode_png(sheet[np.newaxis])[0])


def _machine_row(arguments: argparse.Namespace) -> tuple[dict[str, Any], np.ndarray]:
    """A restricted Boltzmann machine of as many passes over the data, sampled by Gibbs steps."""
    from sklearn.neural_network import BernoulliRBM

    train, real = _split()
    steps = 20 if arguments.quick else arguments.steps
    begun = time.perf_counter()
    machine = BernoulliRBM(
        n_components=128,
        learning_rate=0.1,
        batch_size=64,
        n_iter=max(1, steps * 64 // len(train)),
        random_state=0,
    ).fit(_pixels(train))
    seconds, begun = time.perf_counter() - begun, time.perf_counter()
    visible = np.random.RandomState(0).random_sample((len(real), 64)) < 0.5
    for _ in range(1000):
        visible = machine.gibbs(visible)
    pace = len(real) / (time.perf_counter() - begun)
    # What is shown is how probable each pixel is, as grey.
    hidden = machine.transform(visible)
    logits = hidden @ machine.components_ + machine.intercept_visible_
    made = np.rint(255.0 / (1.0 + np.exp(-logits))).astype(np.uint8).reshape(-1, 8, 8, 1)
    row = _head(MACHINE, None, len(train)) | _compared(made, real, train)
    return {**row, "steps": steps, "training s": seconds, "samples/s": pace}, made


def _components_row() -> dict[str, Any]:
    """What as many principal components as latents have numbers bring back."""
    train, real = _split()
    row = _head(f"{_LATENT} {COMPONENTS}", None, len(train))
    return {**row, "held-out error": components_error(train, real[:_ASKED], _LATENT)}


def components_error(train: np.ndarray, real: np.ndarray, size: int) -> float:
    """The held-out error of the first principal components of training pictures."""
    from sklearn.decomposition import PCA

    components = PCA(size).fit(_pixels(train))
    again = components.inverse_transform(components.transform(_pixels(real)))
    return _error(again, _pixels(real))


def _ceiling() -> dict[str, Any]:
    """Half of the held-out digits in the place of samples, against the other half."""
    train, real = _split()
    # Neighbours in the data are of one hand.
    real = np.random.RandomState(0).permutation(real)
    half = len(real) // 2
    row = _head("real digits", None, len(train))
    return row | _compared(real[:half], real[half:], train)


def _split() -> tuple[np.ndarray, np.ndarray]:
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    share = f"data.holdout_share={_HELD_OUT['rivals']}"
    data = loading.load(load_experiment("dcgan-digits", [share]).data)
    return data.train.samples, data.held_out.samples
