"""Digits at another age: are strokes as wide as was asked, and is it still the same digit?

Held-out digits of `aging-digits` are asked for at all five ages, by `translate` with searches that
look for other things: none (the encoder's latent), the pixels of the given picture, its features,
or both. Features are those of a classifier of the training pictures, as an evaluation keeps it. How
the same digit looks at each age is known (`trainer.data.sources.thick_digits`), so there stand:

* the error of the width, measured on the picture, in pixels;
* digit: the share that another classifier, a support vector machine, reads as what they were;
* same: the share that is nearer to this very digit at the asked age than to any other held-out one;
* the mean difference of pixels, on [0, 1], from what it should be.

Reference: Antipov et al. 2017, "Face aging with conditional generative adversarial networks", who
report that a search for pixels keeps identities better than the encoder's latent, and one for
features of a network that recognises faces far better than both.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import trained
from benchmarks.posed_digits import classifier
from trainer.data.sources import digits, thick_digits

RECIPE = "aging-digits"
# What each search looks for.
WAYS = {
    "encoder, no search": "steps: 0",
    "pixels": "identity: 0",
    "features": "pixels: 0, identity: 1",
    "pixels and features": "pixels: 1, identity: {weight}",
    "features of the encoder": "pixels: 0, identity: 1, features: encoder",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--steps", type=int, default=3000, help="of training")
    parser.add_argument("--search", type=int, default=200, help="steps of every search")
    parser.add_argument("--weight", type=float, default=10.0, help="of features beside pixels")
    parser.add_argument("--count", type=int, help="of held-out digits; default all of them")
    trained.add_arguments(parser, "runs/aging", seeds=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains and searches what is not yet, and returns the result."""
    from trainer.commands.base import start_tensorflow
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    start_tensorflow()
    jobs = {seed: _job(arguments, seed) for seed in range(arguments.seeds)}
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    runs = list(trained.succeeded(made).values())
    data = loading.load(load_experiment(RECIPE).data)
    asked = Asked(data.held_out, 8 if arguments.quick else arguments.count)
    folder = _recogniser(data, arguments.work)
    read = classifier(data.train)
    rows = []
    for way in arguments.ways:
        drawn = [_translated(one.run_dir, way, folder, asked, arguments) for one in runs]
        rows.append(_row(way, [asked.measured(pictures, read) for pictures in drawn]))
    floors = {"it as it was": asked.given, "it at that age": asked.truth, "another": asked.others}
    rows += [_row(name, [asked.measured(pictures, read)]) for name, pictures in floors.items()]
    return {
        "rows": rows,
        "details": {
            "recipe": RECIPE,
            "training steps": [one.steps for one in runs],
            "training seconds": [one.seconds for one in runs],
            "search steps": 5 if arguments.quick else arguments.search,
            "digits": len(asked.own) // len(thick_digits.WIDTHS),
            "requests": len(asked.own),
            "weight": arguments.weight,
            "problems": trained.problems(made),
        },
    }


def _job(arguments: argparse.Namespace, seed: int) -> trained.Job:
    steps = 20 if arguments.quick else arguments.steps
    every = [f"run.{name}_every={steps}" for name in ("log", "sample", "checkpoint")]
    overrides = (f"seed={seed}", f"train.steps={steps}", *every, "run.instruments_every=null")
    return trained.Job(f"{RECIPE}-{steps}-{seed}", RECIPE, overrides, evaluation=None)


# ---- What is asked, and what should come of it ---------------------------------------------------


class Asked:
    """Held-out digits, each at every age; a row is a digit at an age.

    Attributes:
        given: the digits as they are, uint8 [n, 16, 16, 1].
        own: how wide their strokes are, float32 [n].
        widths: how wide they are to be, float32 [n].
        truth: the same digits at that age, and `others`, other digits at it.
        labels: which digits they are, int64 [n].
    """

    def __init__(self, held_out: Any, count: int | None) -> None:
        ages, given = len(thick_digits.WIDTHS), held_out["sample"][:count]
        self.digits = len(given)
        self.given, self.labels = (
            np.repeat(given, ages, 0),
            np.repeat(held_out["label"][:count], ages),
        )
        self.own = thick_digits.measure(self.given)
        self.widths = np.tile(np.array(thick_digits.WIDTHS, np.float32), self.digits)
        levels = _levels_of(given)
        self.truth = np.stack(
            [thick_digits.draw(x, w) for x in levels for w in thick_digits.WIDTHS]
        )
        self.others = np.roll(self.truth, ages, axis=0)

    def measured(self, pictures: np.ndarray, read: Any) -> dict[str, float]:
        """The numbers of what was made for every row, uint8 [n, 16, 16, 1]."""
        differences = np.abs(pictures / 255.0 - self.truth / 255.0)
        return {
            "width error": float(np.abs(thick_digits.measure(pictures) - self.widths).mean()),
            "digit": float((read(pictures) == self.labels).mean()),
            "same": float(self._is_nearest(pictures).mean()),
            "pixel error": float(differences.mean()),
        }

    def _is_nearest(self, pictures: np.ndarray) -> np.ndarray:
        """Whether each is nearest, in squares, to its own digit among all of them at its age."""
        nearest = []
        for age in range(len(thick_digits.WIDTHS)):
            every = slice(age, None, len(thick_digits.WIDTHS))
            made, truth = (
                x[every].reshape(self.digits, -1) / 255.0 for x in (pictures, self.truth)
            )
            squares = ((made[:, np.newaxis] - truth) ** 2).sum(axis=-1)
            nearest.append(squares.argmin(axis=1) == np.arange(self.digits))
        return np.stack(nearest)


def _levels_of(pictures: np.ndarray) -> np.ndarray:
    """The digits uint8 [n, 8, 8, 1] that pictures of the source were drawn from."""
    levels, _ = digits.read()
    widths = thick_digits.widths(len(levels))
    drawn = (thick_digits.draw(*one).tobytes() for one in zip(levels, widths, strict=True))
    places = {picture: place for place, picture in enumerate(drawn)}
    return levels[[places[picture.tobytes()] for picture in pictures]]


# ---- What a run makes of it ----------------------------------------------------------------------


def _recogniser(data: Any, work: Path) -> str:
    """The folder of a classifier of the training pictures, as `gan evaluate` keeps it."""
    from trainer import catalogue
    from trainer.evaluation.extractors import classifier as kept

    options = catalogue.ClassifierExtractor()
    return str(Path(kept.make(options, data, "thick_digits", work / "kept").origin).resolve())


def _translated(
    run_dir: str, way: str, folder: str, asked: Asked, arguments: argparse.Namespace
) -> np.ndarray:
    """What a search makes, uint8 [n, 16, 16, 1]; kept in the run's folder."""
    steps = 5 if arguments.quick else arguments.search
    search = WAYS[way].format(weight=arguments.weight)
    search += "" if "steps" in search else f", steps: {steps}"
    search += "" if "features:" in search else f", features: '{folder}'"
    name = (
        f"{way.replace(', ', '-').replace(' ', '-')}-{steps}-{arguments.weight:g}-{len(asked.own)}"
    )
    kept = Path(run_dir) / "translated" / f"{name}.npy"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        np.save(kept, _asked(run_dir, f"{{name: translate, {search}}}", asked))
    return np.load(kept)


def _asked(run_dir: str, search: str, asked: Asked) -> np.ndarray:
    import keras

    from trainer.config.recipe import with_overrides
    from trainer.game.assembly import assemble
    from trainer.run.checkpoints import Checkpoints
    from trainer.run.directory import RunDirectory

    run = RunDirectory(run_dir)
    experiment = with_overrides(run.read_experiment(), [f"export.searches=[{search}]"])
    game = assemble(experiment, run.read_spec())
    Checkpoints(game, run.checkpoints).restore()
    request = {
        "image": asked.given,
        "seed": np.arange(len(asked.own)),
        "attributes": asked.widths[:, np.newaxis],
        "own_attributes": asked.own[:, np.newaxis],
    }
    made = game.live.run("translate", request)["image"]
    keras.backend.clear_session()
    return made


def _row(name: str, runs: list[dict[str, float]]) -> dict[str, Any]:
    columns = runs[0] if runs else {}
    return {"search for": name} | {
        column: trained.spread([values[column] for values in runs]) for column in columns
    }
