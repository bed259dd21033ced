"""The commands that a person may type next, with the run's own paths in them."""

import itertools
import json
import shlex
from collections.abc import Iterable, Iterator

import tensorflow as tf

from trainer.config.experiment import Experiment
from trainer.config.recipe import parse_yaml_value
from trainer.errors import ConfigError
from trainer.files import join


def resume(run_dir: str, *overrides: str) -> str:
    """The command that goes on with a run."""
    return shlex.join(["gan", "resume", run_dir, *_flags(overrides)])


def begin_anew(run_dir: str, *overrides: str, warm: bool) -> str:
    """The command that begins another run of the same settings, overrides apart.

    Args:
        run_dir: of the old run.
        overrides: `KEY=VALUE`.
        warm: whether it starts from the old run's weights, which need a checkpoint.
    """
    start = [f"train.warm_start={_yaml_string(run_dir)}"] if warm else []
    new = next(name for i in itertools.count(2) if not tf.io.gfile.exists(name := f"{run_dir}-{i}"))
    command = ["gan", "train", join(run_dir, "config.yaml"), "--run-dir", new]
    return shlex.join([*command, *_flags([*start, *overrides])])


def calm_down(experiment: Experiment, run_dir: str, *, warm: bool = False) -> str:
    """What to do about a game whose numbers left every bound, in a sentence and a command.

    The run itself could only end the same way again: its learning rates are part of what it is.

    Args:
        experiment: of the run.
        run_dir: of the run.
        warm: whether its last checkpoint is worth starting from.
    """
    sides = ("generator", "discriminator")
    lower = (f"optimizers.{side}.learning_rate={_lower_rate(experiment, side):g}" for side in sides)
    begin = "from its last checkpoint" if warm else "from new weights"
    return (
        "This run cannot change its learning rates; begin another one with lower ones (or with "
        f"optimizers.*.clip_norm) {begin}:\n  {begin_anew(run_dir, *lower, warm=warm)}"
    )


def _lower_rate(experiment: Experiment, side: str) -> float:
    """A tenth of a side's learning rate, and no more than the default."""
    options = getattr(experiment.optimizers, side)
    usual: float = type(options).model_fields["learning_rate"].default
    return min(options.learning_rate / 10, usual)


def _flags(overrides: Iterable[str]) -> Iterator[str]:
    for override in overrides:
        yield from ("--set", override)


def _yaml_string(text: str) -> str:
    """A string as --set, which reads YAML, gives it back."""
    try:
        plain = parse_yaml_value(text, origin="--set") == text
    except ConfigError:
        plain = False
    return text if plain else json.dumps(text, ensure_ascii=False)
