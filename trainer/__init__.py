"""Everything up to an exported model: configuration, data, the game, training, export.

    trainer.train("cgan-digits", "runs/digits")
    run = trainer.open_run("runs/digits")
    run.sample(16, label=3)

Importing this package imports no TensorFlow; the functions below do when they are called.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from trainer.config.experiment import Experiment
from trainer.config.recipe import load_experiment
from trainer.errors import ConfigError, RunError

if TYPE_CHECKING:
    from trainer.opening import TrainedRun
    from trainer.run.summary import Summary

__all__ = [
    "ConfigError",
    "Experiment",
    "RunError",
    "export",
    "load_experiment",
    "open_run",
    "train",
]


def train(
    recipe: Experiment | str | Path, run_dir: str | Path, *, progress: bool = True
) -> "Summary":
    """Plays a run to its end, resuming it when `run_dir` holds it already (see `training`).

    `recipe` is an experiment, or a recipe's name or path.
    """
    from trainer.training import train as train_run

    return train_run(recipe, run_dir, progress=progress)


def open_run(run_dir: str | Path, checkpoint: str = "last") -> "TrainedRun":
    """A trained run's networks and samples as Python objects (see `trainer.opening`)."""
    from trainer.opening import open_run as open_trained

    return open_trained(run_dir, checkpoint)


def export(run_dir: str | Path, to: str | Path, checkpoint: str = "last") -> str:
    """Writes a run's generator as `to/<next integer>/` (see `trainer.exporting`)."""
    from trainer.exporting import export_run

    return export_run(run_dir, to, checkpoint).path
