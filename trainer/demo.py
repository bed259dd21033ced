"""The whole way once, on scikit-learn's digits: train, measure, export, serve, call."""

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

from serving import Client
from trainer.config.places import DEMO_MARKER, require_demo
from trainer.config.recipe import load_experiment
from trainer.errors import RunError
from trainer.evaluation import table
from trainer.evaluation.workflow import evaluate_path
from trainer.exporting import export_run
from trainer.run import pictures
from trainer.training import train

logger = logging.getLogger("saddlepoint")

# Digits of each class in the picture.
_ROWS = 8


@dataclass(frozen=True)
class DemoReport:
    """What the demo made and measured.

    Attributes:
        evaluation: of the generator: `trainer.evaluation.results.Evaluation.as_dict`.
        table: the same for a person.
        transports_agree: whether gRPC and REST answered with the same digits.
        seconds: of the whole demo.
    """

    run_dir: str
    model: str
    grid: str
    page: str
    evaluation: dict[str, Any]
    table: str
    transports_agree: bool
    training_seconds: float
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        return {key: value for key, value in asdict(self).items() if key != "table"}

    @property
    def text(self) -> str:
        """The report for a person."""
        models = Path(self.model).parent
        return "\n".join(
            (
                self.table,
                "",
                f"Done in {self.seconds:.0f} s, {self.training_seconds:.0f} s of it training.",
                "  gRPC and REST answered with "
                + ("the same digits." if self.transports_agree else "DIFFERENT digits."),
                f"  digits by class  {self.grid}",
                f"  how good, a page {self.page}",
                f"  run              {self.run_dir}",
                f"  model            {self.model}",
                f"  serve it         gan serve {models}",
                f"  generate         gan generate {models} --count 100 --out DIR",
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
    if summary.ended_by == "signal":
        raise RunError(f"Stopped at step {summary.step}; the same command begins anew.")
    logger.info("2/4 Measuring against held-out digits …")
    outcome = evaluate_path(str(run_dir), command=f"gan evaluate {run_dir}")
    logger.info("3/4 Exporting …")
    model = export_run(run_dir, models).path
    logger.info("4/4 Serving, and calling for digits of each class over gRPC and REST …")
    with _endpoint(models) as ports:
        over_grpc = _digits_from(f"127.0.0.1:{ports['port']}")
        over_rest = _digits_from(f"http://127.0.0.1:{ports['rest_api_port']}")
    grid = folder / "digits.png"
    grid.write_bytes(pictures.png(pictures.grid(over_grpc, _ROWS, 10, "0123456789")))
    return DemoReport(
        run_dir=str(run_dir),
        model=model,
        grid=str(grid),
        page=str(outcome.report),
        evaluation=outcome.evaluations[-1].as_dict(),
        table=table.render(outcome.evaluations[-1]),
        transports_agree=bool(np.array_equal(over_grpc, over_rest)),
        training_seconds=summary.seconds,
        seconds=time.perf_counter() - begun,
    )


def _digits_from(address: str) -> np.ndarray:
    """Rows of the digits 0 to 9 from an endpoint, uint8 [n, 8, 8, 1]."""
    seeds = np.arange(10 * _ROWS)
    with Client(address) as client:
        return client.generate_conditional(seeds, seeds % 10)["image"]


def _clear(folder: Path) -> None:
    """Removes an earlier demo, and nothing else.

    Raises:
        ConfigError: when the folder holds something that no demo wrote.
    """
    require_demo(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / DEMO_MARKER).touch()


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
