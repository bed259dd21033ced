"""Distance to the data by seconds of training, on MNIST at 28x28, beside Keras' DCGAN example.

All contenders train in one process and take turns: each plays until its own clock shows the next
time, then 10 000 samples of it are measured. Clocks stand still while others train, while anything
is measured, and while a first step compiles. The distance is the Fréchet distance between features
of a classifier that no training sees; the floor is what real training digits score.

Keras' example plays our players and, as a second curve, its own, with its own settings.
"""

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_TIMES = (30, 60, 120, 240, 480)
_SAMPLES = 10_000
# Steps between two looks at the clock.
_STEPS = 25


@dataclass
class Contender:
    """Something that trains.

    Attributes:
        play: trains for `_STEPS` steps.
        sample: a number of samples → uint8 [n, 28, 28, 1].
        seconds: of training so far.
        steps: so far.
        distances: by time.
    """

    play: Callable[[], None]
    sample: Callable[[int], np.ndarray]
    seconds: float = 0.0
    steps: int = 0
    distances: dict[int, float] = field(default_factory=dict)

    def until(self, seconds: float) -> None:
        """Trains until the clock shows so many seconds."""
        if not self.steps:
            self.play()
        while self.seconds < seconds:
            begun = time.perf_counter()
            self.play()
            self.seconds += time.perf_counter() - begun
            self.steps += _STEPS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--times", nargs="+", type=int, default=list(_TIMES))
    parser.add_argument(
        "--recipes", nargs="+", default=["dcgan-mnist"], help="ours, each in bfloat16"
    )
    parser.add_argument("--data-dir", help="where prepared tensorflow-datasets lie")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measures everything and returns the result."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    place = [f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []
    times = [3, 6] if arguments.quick else arguments.times
    distance, floor, dataset = _measuring(place)
    contenders = {
        f"Saddlepoint, {recipe}": _ours(recipe, place, dataset) for recipe in arguments.recipes
    }
    contenders |= _examples(place, dataset)
    for seconds in times:
        for name, contender in contenders.items():
            contender.until(seconds)
            contender.distances[seconds] = distance(contender.sample(_SAMPLES))
            print(f"{name}, {seconds} s: {contender.distances[seconds]:.3f}", flush=True)
    return {
        "rows": [_row(name, contender) for name, contender in contenders.items()],
        "details": {
            "floor": floor,
            "samples": _SAMPLES,
            "threads": arguments.threads,
            "distances": {name: c.distances for name, c in contenders.items()},
        },
    }


def _row(name: str, contender: Contender) -> dict[str, Any]:
    by_time = {f"{s} s": round(value, 3) for s, value in contender.distances.items()}
    return {"contender": name, **by_time, "steps": contender.steps}


def _measuring(place: list[str]) -> tuple[Callable[[np.ndarray], float], float, Any]:
    """Distance of samples from the held-out digits; that of training digits; the data."""
    from trainer.config.recipe import load_experiment
    from trainer.data import loading
    from trainer.evaluation.extractors.classifier_training import train_classifier
    from trainer.metrics.frechet import frechet_distance

    dataset = loading.load(load_experiment("dcgan-mnist", place).data)
    classifier = train_classifier(dataset.train, dataset.spec)
    real = classifier.extract(dataset.held_out["sample"]).features

    def distance(samples: np.ndarray) -> float:
        return float(frechet_distance(real, classifier.extract(samples).features).value)

    return distance, distance(dataset.train["sample"][:_SAMPLES]), dataset


# ---- Contenders ----------------------------------------------------------------------------------


def _ours(recipe: str, place: list[str], dataset: Any) -> Contender:
    from benchmarks.product import assembled
    from trainer.config.recipe import load_experiment

    changes = ["train.precision=mixed_bfloat16", f"devices.steps_per_execution={_STEPS}"]
    game, play = assembled(load_experiment(recipe, [*place, *changes]), dataset, _STEPS)

    def sample(count: int) -> np.ndarray:
        game.live.refresh()
        return game.live.run("generate", {"seed": np.arange(count, dtype=np.int64)})["image"]

    return Contender(play, sample)


def _examples(place: list[str], dataset: Any) -> dict[str, Contender]:
    import keras

    from benchmarks import keras_loops, players
    from trainer.config.recipe import load_experiment

    experiment = load_experiment("dcgan-mnist", place)
    made = {
        "Keras example, our players": (players.stock(experiment), 100, 64, 2e-4, 0.5),
        "Keras example": (players.keras_example(), 128, 32, 1e-4, 0.9),
    }
    contenders = {}
    for name, (networks, latent_size, batch_size, rate, beta_1) in made.items():
        images = keras_loops.fed_from_memory(dataset.train["sample"], batch_size)
        adams = tuple(keras.optimizers.Adam(rate, beta_1=beta_1) for _ in range(2))
        play = keras_loops.keras_example(
            networks, adams, images, latent_size=latent_size, steps=_STEPS
        )
        contenders[name] = Contender(play, _sampler(networks[0], latent_size))
    return contenders


def _sampler(generator: Any, latent_size: int) -> Callable[[int], np.ndarray]:
    def sample(count: int) -> np.ndarray:
        latents = np.random.RandomState(0).standard_normal((count, latent_size))
        blocks = [
            generator({"latent": latents[first : first + 500].astype(np.float32)}, training=False)
            for first in range(0, count, 500)
        ]
        pictures = np.concatenate([np.asarray(block) for block in blocks])
        return np.round((pictures + 1.0) * 127.5).clip(0, 255).astype(np.uint8)

    return sample
