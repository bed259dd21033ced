"""A trained run as Python objects: its networks, and samples of it."""

from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from serving.description import Description
from trainer.config.experiment import Experiment
from trainer.errors import ConfigError
from trainer.evaluation import selection
from trainer.game.assembly import Game, assemble
from trainer.run.checkpoints import Checkpoints
from trainer.run.directory import RunDirectory


class TrainedRun:
    """A checkpoint of a run, restored.

    Attributes:
        path: of the run directory.
        experiment: what was trained.
        step: of the checkpoint.
    """

    def __init__(self, path: str, experiment: Experiment, step: int, game: Game) -> None:
        self.path, self.experiment, self.step = path, experiment, step
        self._live = game.live

    @property
    def networks(self) -> dict[str, keras.Model]:
        """The networks by role, in float32; of those that are averaged, the averages."""
        return {name: network.model for name, network in self._live.networks.items()}

    @property
    def generator(self) -> keras.Model:
        """The generator: `generator({"latent": z, …}, training=False)` → samples in [-1, 1].

        Raises:
            ConfigError: when the game has none of that name.
        """
        if "generator" not in self.networks:
            raise ConfigError(
                f"generator: this game has none; its networks are {', '.join(self.networks)}: take "
                "run.networks[NAME]."
            )
        return self.networks["generator"]

    @cached_property
    def description(self) -> Description:
        """What the model says of itself, as an export of it would."""
        return self._live.description

    def sample(self, count: int, *, seed: int = 0, **conditions: Any) -> np.ndarray:
        """Samples of seeds `seed`, `seed + 1`, …, the same as an export of the run makes of them.

        Args:
            count: how many.
            seed: of the first one.
            conditions: such as `label="cat"` (an int is a number, a str a name): a value for all,
                or one for each.

        Returns:
            [count, …] in the data's own units, such as uint8 pictures [count, h, w, c].

        Raises:
            UsageError: when the model takes no such condition, or not this value of it.
        """
        seeds = np.arange(seed, seed + count, dtype=np.int64)
        name = "generate_conditional" if conditions else "generate"
        outputs = self.ask(name, seed=seeds, **conditions)
        return outputs[self.description.signature(name).main_output]

    def ask(self, signature: str, **inputs: Any) -> dict[str, np.ndarray]:
        """The outputs of a signature, by name, for inputs of n rows each; see `description`.

        Raises:
            UsageError: when the model has no such signature, or it does not take these inputs.
        """
        checked = self.description.signature(signature).check(inputs)
        return self._live.run(signature, checked)


def open_run(run_dir: str | Path, checkpoint: str = "last") -> TrainedRun:
    """Opens a run for use.

    Args:
        run_dir: of a run that has a checkpoint; local or remote.
        checkpoint: "last", a step, "best" or "best:NUMBER", as of `trainer.export`.

    Raises:
        ConfigError: when there is no run, or no such checkpoint.
    """
    run = RunDirectory(run_dir)
    experiment, spec = run.read_experiment(), run.read_spec()
    game = assemble(experiment, spec)
    checkpoints = Checkpoints(game, run.checkpoints)
    chosen = selection.choose(run, experiment, checkpoint, checkpoints.kept())
    step = checkpoints.restore(chosen.which)
    if step is None:
        raise ConfigError(f"RUN_DIR: {run.path!r} has no checkpoint yet; train it first.")
    return TrainedRun(run.path, experiment, step, game)
