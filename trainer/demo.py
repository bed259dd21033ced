"""The whole way once, on scikit-learn's digits: train, export, serve, call, measure."""

import contextlib
import json
import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.svm import SVC

from serving import Client
from trainer import pictures
from trainer.data import sources
from trainer.data.examples import Examples
from trainer.errors import ConfigError, RunError
from trainer.export import export_run
from trainer.recipe import load_experiment
from trainer.run import train

logger = logging.getLogger("saddlepoint")

_PER_CLASS = 100


@dataclass(frozen=True)
class DemoReport:
    """What the demo made and measured.

    Attributes:
        accuracy: share of generated digits that an independent classifier, trained on the real
            ones, reads as the class that was asked for.
        accuracy_on_real: the same classifier's accuracy on held-out real digits.
        diversity: mean distance between generated digits of a class over that between real ones;
            near 1 is as varied as the data, near 0 is a generator that repeats itself.
        transports_agree: whether gRPC and REST answered with the same digits.
        seconds: of the whole demo.
    """

    run_dir: str
    model: str
    grid: str
    accuracy: float
    accuracy_on_real: float
    diversity: float
    transports_agree: bool
    training_seconds: float
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        return asdict(self)

    @property
    def text(self) -> str:
        """The report for a person."""
        return "\n".join(
            (
                f"Done in {self.seconds:.0f} s, {self.training_seconds:.0f} s of it training.",
                f"  A classifier trained on real digits reads {self.accuracy:.1%} of "
                f"{10 * _PER_CLASS} generated ones as the class asked for",
                f"  (it reads {self.accuracy_on_real:.1%} of held-out real ones rightly).",
                f"  Within a class, generated digits differ {self.diversity:.2f} times as much as "
                "real ones.",
                "  gRPC and REST answered with "
                + ("the same digits." if self.transports_agree else "DIFFERENT digits."),
                f"  digits by class  {self.grid}",
                f"  run              {self.run_dir}",
                f"  model            {self.model}",
                f"  serve it         gan serve {Path(self.model).parent}",
                f"  generate         gan generate {Path(self.model).parent} --count 100 --out DIR",
            )
        )


def run_demo(folder: Path, overrides: Sequence[str] = (), *, progress: bool = True) -> DemoReport:
    """Runs the demo in `folder`, replacing an earlier demo there.

    Raises:
        ConfigError: when an override is wrong, or the folder holds something else.
        RunError: when a part fails.
    """
    begun = time.perf_counter()
    experiment = load_experiment("cgan-digits", overrides)
    _clear(folder)
    run_dir, models = folder / "run", folder / "model"
    logger.info("1/4 Training %s for %d steps …", experiment.name, experiment.train.steps)
    summary = train(experiment, run_dir, progress=progress)
    logger.info("2/4 Exporting …")
    model = export_run(run_dir, models)
    logger.info("3/4 Serving, and calling for one digit of each class over gRPC and REST …")
    with _endpoint(models) as ports:
        with Client(f"127.0.0.1:{ports['port']}") as client:
            over_grpc = client.generate_conditional(np.arange(10), np.arange(10))["image"]
            labels = np.repeat(np.arange(10), _PER_CLASS)
            digits = client.generate_conditional(np.arange(labels.size), labels)["image"]
        with Client(f"http://127.0.0.1:{ports['rest_api_port']}") as client:
            over_rest = client.generate_conditional(np.arange(10), np.arange(10))["image"]
    logger.info("4/4 Measuring …")
    grid = folder / "digits.png"
    columns = digits.reshape(10, _PER_CLASS, *digits.shape[1:])[:, :8].swapaxes(0, 1)
    grid.write_bytes(pictures.png(pictures.grid(columns.reshape(-1, *digits.shape[1:]), 8, 10)))
    dataset = sources.load(experiment.data)
    accuracy, accuracy_on_real = _accuracies(dataset.train, dataset.held_out, digits, labels)
    return DemoReport(
        run_dir=str(run_dir),
        model=str(model),
        grid=str(grid),
        accuracy=accuracy,
        accuracy_on_real=accuracy_on_real,
        diversity=_diversity(digits, labels, dataset.train),
        transports_agree=bool(np.array_equal(over_grpc, over_rest)),
        training_seconds=summary.seconds,
        seconds=time.perf_counter() - begun,
    )


def _clear(folder: Path) -> None:
    """Removes an earlier demo, and nothing else.

    Raises:
        ConfigError: when the folder holds something that no demo wrote.
    """
    marker = folder / ".saddlepoint-demo"
    if folder.exists() and not marker.exists() and any(folder.iterdir()):
        raise ConfigError(f"--dir: {str(folder)!r} is not empty and holds no demo; give another.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    marker.touch()


@contextlib.contextmanager
def _endpoint(models: Path) -> Iterator[dict[str, int]]:
    """`gan serve` as a process of its own on free ports."""
    command = [sys.executable, "-m", "trainer.cli", "serve", str(models)]
    command += ["--port", "0", "--rest_api_port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            announced = process.stdout.readline()
            if not announced:
                raise RunError("The endpoint did not start; its reason is above.")
            yield json.loads(announced)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _accuracies(
    real: Examples, held_out: Examples, digits: np.ndarray, labels: np.ndarray
) -> tuple[float, float]:
    """A support vector machine's accuracy on generated and on held-out real digits."""
    classifier = SVC(gamma=0.001, C=10.0).fit(_flat(real.samples), real.labels)
    return (
        float(classifier.score(_flat(digits), labels)),
        float(classifier.score(_flat(held_out.samples), held_out.labels)),
    )


def _flat(images: np.ndarray) -> np.ndarray:
    """uint8 images as rows on the digits' own scale of 0 to 16."""
    return images.reshape(len(images), -1) / 255.0 * 16.0


def _diversity(digits: np.ndarray, labels: np.ndarray, real: Examples) -> float:
    """Mean distance within classes, generated over real."""
    assert real.labels is not None
    generated = [_mean_distance(_flat(digits[labels == c])) for c in range(10)]
    reference = [
        _mean_distance(_flat(real.samples[real.labels == c][:_PER_CLASS])) for c in range(10)
    ]
    return float(np.mean(generated) / np.mean(reference))


def _mean_distance(rows: np.ndarray) -> float:
    differences = rows[:, np.newaxis] - rows[np.newaxis]
    distances = np.sqrt(np.square(differences).sum(axis=-1))
    return float(distances.sum() / (len(rows) * (len(rows) - 1)))
