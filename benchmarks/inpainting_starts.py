"""How much sooner a completion arrives that begins at the nearest of a pool of samples.

A plain search from a latent drawn by seed takes `--search` steps. How many steps, and seconds of
CPU with the search of the pool counted, does each picture need from the nearest start to the same
loss, and to the same error in the hole? Medians over held-out pictures of the ratios, and the share
of pictures that never get there. Holes: the centre of half the side, the left half, and 80 % of all
pixels at random. Beside the generator stand a VAE's decoder, searched alike, and two fillings
without any search: the mean training picture, and the training picture that is nearest in what is
known. Published claim: 4.5 to 5 times (Lahiri et al. 2019, "Faster unsupervised semantic
inpainting: a GAN based approach", on other data).
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import trained

MASKS = ("centre", "half", "random")
# By data: overrides, and the window of the context's weights.
DATA = {
    "digits": ([], 3),
    "mnist": (["data.source=tfds:mnist"], 7),
    "fashion": (["data.source=tfds:fashion_mnist"], 7),
}
RECIPES = {"GAN": "inpainting-digits", "VAE": "vae-digits"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", nargs="+", default=["mnist", "fashion"], choices=list(DATA))
    parser.add_argument("--data-dir", type=Path, help="of prepared tensorflow-datasets")
    parser.add_argument("--masks", nargs="+", default=list(MASKS), choices=MASKS)
    parser.add_argument("--pictures", type=int, default=256, help="held-out ones")
    parser.add_argument("--search", type=int, default=1000, help="steps of the plain search")
    parser.add_argument("--filters", type=int, default=64, help="base filters of the networks")
    parser.add_argument("--latent", type=int, default=64, help="numbers in a latent")
    parser.add_argument("--steps", type=int, default=10_000, help="of training")
    trained.add_arguments(parser, "runs/starts", seeds=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    jobs = {
        (data, seed, model): _job(arguments, data, seed, model)
        for data in arguments.data
        for seed in range(arguments.seeds)
        for model in RECIPES
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    start_tensorflow()
    rows = []
    for (data, seed, model), one in trained.succeeded(made).items():
        for mask in arguments.masks:
            rows += _rows(data, seed, model, mask, one.run_dir, arguments)
    return {
        "rows": rows,
        "details": {
            "pictures": 8 if arguments.quick else arguments.pictures,
            "plain search": _search_steps(arguments),
            "training steps": 20 if arguments.quick else arguments.steps,
            "problems": trained.problems(made),
        },
    }


def _job(arguments: argparse.Namespace, data: str, seed: int, model: str) -> trained.Job:
    steps = 20 if arguments.quick else arguments.steps
    overrides = [
        *DATA[data][0],
        *([f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []),
        f"network.base_filters={arguments.filters}",
        f"prior.size={arguments.latent}",
        "export.searches=[]",
        *trained.plainly(steps, seed),
    ]
    name = f"{model}-{data}-{arguments.filters}-{arguments.latent}-{steps}-{seed}"
    return trained.Job(name, RECIPES[model], overrides, evaluation=None)


def _search_steps(arguments: argparse.Namespace) -> int:
    return 10 if arguments.quick else int(arguments.search)


def _rows(
    data: str, seed: int, model: str, mask: str, run_dir: str, arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    """What the searches of a run find under a mask; of the VAE the plain one alone."""
    import keras

    from benchmarks.searched import Completion, psnr
    from trainer import catalogue
    from trainer.data import loading
    from trainer.run.directory import RunDirectory

    examples = loading.load(RunDirectory(run_dir).read_experiment().data)
    images = examples.held_out.samples[: 8 if arguments.quick else arguments.pictures]
    known = holed(mask, images.shape[:3])
    place = {"data": data, "hole": mask, "seed": seed}
    rows, plain = [], None
    for start in ("random", "nearest") if model == "GAN" else ("random",):
        options = catalogue.Complete(start=start, window=DATA[data][1])
        path = Completion(run_dir, options).path(images, known, _search_steps(arguments))
        row = {**place, "filled by": f"{model}, {start} start"}
        row["PSNR in the hole"] = psnr(path.error[-1].mean())
        rows.append(row | (compared(plain, path) if plain is not None else {}))
        plain = plain or path
        keras.backend.clear_session()
    if model == "GAN":
        rows += _without_search(place, images, known, examples.train.samples)
    return rows


def holed(mask: str, shape: tuple[int, ...]) -> np.ndarray:
    """What is known under a mask of pictures of shape [n, h, w]: uint8 [n, h, w, 1]."""
    count, height, width = shape
    known = np.ones((count, height, width, 1), np.uint8)
    if mask == "centre":
        known[:, height // 4 : height - height // 4, width // 4 : width - width // 4] = 0
    elif mask == "half":
        known[:, :, : width // 2] = 0
    else:
        known[np.random.RandomState(0).random_sample(known.shape) < 0.8] = 0
    return known


def compared(plain: Any, path: Any) -> dict[str, float]:
    """How much sooner a path is where the plain one ends, by loss and by error in the hole."""
    from benchmarks.searched import steps_to

    last = len(plain.loss) - 1
    columns: dict[str, float] = {}
    for name in ("loss", "error"):
        taken = steps_to(getattr(path, name), getattr(plain, name)[-1])
        faster = plain.seconds(last) / path.seconds(taken)
        columns |= {
            f"steps, to equal {name}": float(np.median(last / np.maximum(taken, 1.0))),
            f"seconds, to equal {name}": float(np.median(faster)),
            f"never at that {name}": float(np.isinf(taken).mean()),
        }
    return columns


def _without_search(
    place: dict[str, Any], images: np.ndarray, known: np.ndarray, train: np.ndarray
) -> list[dict[str, Any]]:
    """Fillings that need no model."""
    from benchmarks.searched import psnr

    train = train[:10_000]
    mean = np.broadcast_to(train.mean(axis=0), images.shape)
    fillings = {
        "mean picture": mean,
        "nearest training picture": nearest_known(images, known, train),
    }
    missing = np.broadcast_to(known == 0, images.shape)
    errors = {n: np.square((x - images) / 255.0)[missing].mean() for n, x in fillings.items()}
    return [
        {**place, "filled by": name, "PSNR in the hole": float(psnr(error))}
        for name, error in errors.items()
    ]


def nearest_known(images: np.ndarray, known: np.ndarray, train: np.ndarray) -> np.ndarray:
    """For every picture the training picture that is nearest, in squares, in known pixels."""
    pool = train.reshape(len(train), -1).astype(np.float32)
    nearest = []
    for image, mask in zip(images, known, strict=True):
        weights = np.broadcast_to(mask, image.shape).reshape(-1)
        squares = np.square(pool - image.reshape(-1).astype(np.float32)) @ weights
        nearest.append(train[squares.argmin()])
    return np.stack(nearest).astype(np.float64)
