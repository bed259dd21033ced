"""The job file: what is to be trained, where, and on how many machines; checked before it starts.

Nothing here imports TensorFlow or a cloud's client.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from trainer.catalogue import METRIC_INFO, Section
from trainer.config.experiment import Experiment
from trainer.config.places import data_paths
from trainer.config.recipe import (
    in_line,
    load_experiment,
    merge,
    parse_override,
    parse_yaml_value,
    read_yaml,
)
from trainer.config.recipe import recipe_names as names_of_recipes
from trainer.config.sentences import sentence, together
from trainer.errors import ConfigError
from trainer.evaluation.requirements import parse, require_known, require_measured
from trainer.files import expanded, is_remote
from trainer.submit.platforms import AnyPlatform

_NAME = re.compile(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?")


def _of_values(value: Any) -> Any:
    """A list in the place of a parameter holds the values to try."""
    return {"values": tuple(value)} if isinstance(value, list) else value


class Parameter(Section):
    """What a tuner may set a field to: values of a list, or numbers from `min` to `max`."""

    # The values to try; null where there is a range.
    values: Annotated[tuple[Any, ...] | None, Field(min_length=2)] = None
    # Lowest and highest number. Whole numbers are tried where both are written as such.
    min: int | float | None = None
    max: int | float | None = None
    # Whether the numbers of a range are as likely on a line, or on one of their logarithms.
    scale: Literal["linear", "log"] = "linear"

    @property
    def tried(self) -> tuple[Any, ...]:
        """Values that stand for all: those of the list, or both ends."""
        return self.values if self.values is not None else (self.min, self.max)

    def refusals(self, path: str) -> Iterator[str]:
        """Sentences on what is no list and no range."""
        given = (self.min is not None, self.max is not None)
        if any(given) == (self.values is not None) or given[0] != given[1]:
            yield f"{path}: give a list of values, or min and max"
        elif self.min is not None and self.max is not None and self.min >= self.max:
            yield f"{path}: received min={self.min} and max={self.max}; give a range that grows"
        elif self.min is not None and self.min <= 0 and self.scale == "log":
            yield f"{path}.min: received {self.min}; a logarithmic range lies above 0"


class Tuning(Section):
    """The search of a tuner for the settings with the best number of an evaluation."""

    # The number of `gan evaluate`, or the beginning of its name, such as fcd. Whether the lowest or
    # the highest is the best belongs to the number; of one with a target it is the nearest.
    metric: str
    # Fields of the recipe by their dotted paths: a list of values, or {min: …, max: …, scale: …}.
    parameters: dict[str, Annotated[Parameter, BeforeValidator(_of_values)]] = Field(min_length=1)
    # Trials in all.
    trials: int = Field(20, ge=1)
    # Trials at the same time; few let later ones learn from more of the others.
    parallel: int = Field(2, ge=1)

    @property
    def key(self) -> str:
        """Of the number, in `METRIC_INFO`."""
        return require_known(self.metric, "tuning.metric")

    def require_ranked(self) -> None:
        """Refuses a number that no evaluation gives, or that could not say which trial is best.

        Raises:
            ConfigError: naming it.
        """
        if METRIC_INFO[self.key].direction is None:
            raise ConfigError(
                f"tuning.metric: received {self.metric!r}, of which neither more nor less is "
                "better; take another number."
            )

    @property
    def goal(self) -> Literal["MINIMIZE", "MAXIMIZE"]:
        """Of what `hypertune.report` writes."""
        return "MAXIMIZE" if METRIC_INFO[self.key].direction == "higher" else "MINIMIZE"


class Job(Section):
    """A training job: what `trainer.task` is to do, and where."""

    # What the platform calls it: lower-case letters, digits and hyphens.
    name: str
    # A recipe of the package, or a YAML file, which travels inside the job.
    recipe: str
    # Fields of the recipe by their dotted paths, as `--set` changes them.
    set: dict[str, Any] = Field(default_factory=dict)
    # Where the run is written; its export goes to model/1 below it. With `tuning` each trial has a
    # folder below it, by its number.
    run_dir: str
    # Where prepared tensorflow-datasets lie.
    data_dir: str | None = None
    # What the run must reach to be exported, as `gan evaluate --require` takes it.
    require: Annotated[tuple[str, ...], Field(strict=False)] = ()
    # What is exported: last, best, best:NUMBER, or a step.
    checkpoint: str = "last"
    # Machines that train together, of which the batch is shared by all GPUs.
    workers: int = Field(1, ge=1)
    # A search over fields of the recipe; null trains once.
    tuning: Tuning | None = None
    # Where it runs, by name with its options.
    platform: AnyPlatform

    @model_validator(mode="after")
    def _refuse_what_cannot_be(self) -> "Job":
        of_platform = self.platform.refusals(self.run_dir, self.tuning is not None)
        messages = [*self._refusals(), *of_platform]
        if messages:
            raise ValueError(together(messages))
        return self

    def _refusals(self) -> Iterator[str]:
        if not _NAME.fullmatch(self.name):
            yield (
                f"name: received {self.name!r}; give lower-case letters, digits and hyphens, 40 at "
                "most, the first of them a letter"
            )
        if self.data_dir is not None and not self.platform.sees(self.data_dir):
            yield f"data_dir: received {self.data_dir!r}; {self.platform.seen}"
        for path, parameter in (self.tuning.parameters if self.tuning else {}).items():
            yield from parameter.refusals(f"tuning.parameters.{path}")

    def _experiment(self, *overrides: str) -> Experiment:
        return load_experiment(self.recipe, [*self._overrides(), *overrides])

    def _overrides(self) -> list[str]:
        changes = [override(path, value) for path, value in self.set.items()]
        if self.data_dir is not None:
            changes.append(override("data.data_dir", self.data_dir))
        return changes

    def require_sound(self) -> None:
        """Checks what needs the recipe: fields, values, data, batch, numbers.

        Raises:
            ConfigError: one sentence with field, value and remedy.
        """
        experiment = self._experiment()
        for bound in self.require:
            require_measured(parse(bound).name, "require", experiment)
        if self.checkpoint == "all":
            raise ConfigError("checkpoint: received 'all', but one is exported; name it.")
        for path in data_paths(experiment.data.source):
            if not self.platform.sees(path):
                raise ConfigError(
                    f"data.source: received {path!r}, which machines of {self.platform.name} do "
                    f"not see; {self.platform.seen}."
                )
        self._require_equal_shares(experiment)
        if self.tuning is not None:
            self.tuning.require_ranked()
            require_measured(self.tuning.metric, "tuning.metric", experiment)
            for path, parameter in self.tuning.parameters.items():
                self._require_tunable(path, parameter)

    def _require_equal_shares(self, experiment: Experiment) -> None:
        replicas = self.workers * (experiment.devices.replicas or self.platform.gpus or 1)
        if experiment.train.batch_size % replicas:
            raise ConfigError(
                f"train.batch_size: received {experiment.train.batch_size}, which {replicas} "
                f"replicas on {self.workers} workers cannot share equally; take a multiple of "
                f"{replicas}."
            )

    def _require_tunable(self, path: str, parameter: Parameter) -> None:
        for value in parameter.tried:
            try:
                self._require_equal_shares(self._experiment(override(path, value)))
            except ConfigError as error:
                raise ConfigError(f"tuning.parameters.{path}: {error}") from error

    @property
    def arguments(self) -> list[str]:
        """Of `python -m trainer.task`, without places that the platform itself sets."""
        arguments = [self._recipe_for_machines()]
        arguments += [f"--data-dir={self._place(self.data_dir)}"] if self.data_dir else []
        arguments += [f"--set={override(path, value)}" for path, value in self.set.items()]
        arguments += [f"--require={bound}" for bound in self.require]
        arguments += [f"--checkpoint={self.checkpoint}"] if self.checkpoint != "last" else []
        return arguments + ([f"--tune={self.tuning.metric}"] if self.tuning else [])

    @property
    def places(self) -> list[str]:
        """Arguments that say where run and export go."""
        run_dir = self._place(self.run_dir).rstrip("/")
        return [f"--run-dir={run_dir}", f"--model-dir={run_dir}/model"]

    def _place(self, path: str) -> str:
        return expanded(path) if self.platform.shares_disk else path

    def _recipe_for_machines(self) -> str:
        if self.recipe in names_of_recipes() or is_remote(self.recipe):
            return self.recipe
        return expanded(self.recipe) if self.platform.shares_disk else in_line(self.recipe)


def load_job(path: str, overrides: Sequence[str] = ()) -> Job:
    """Reads a job file and checks all that can be known before it starts.

    Args:
        path: of the file.
        overrides: `KEY=VALUE` of its own fields, such as `["platform.image=…"]`.

    Raises:
        ConfigError: one sentence with field, value and remedy.
    """
    values = read_yaml(path, "JOB", "give a YAML file.")
    for change in overrides:
        values = merge(values, parse_override(change))
    try:
        job = Job.model_validate(values)
    except ValidationError as error:
        raise ConfigError(sentence(error, Job)) from None
    job.require_sound()
    return job


def override(path: str, value: Any) -> str:
    """`KEY=VALUE` as `--set` takes it."""
    return f"{path}={value_text(value)}"


def value_text(value: Any) -> str:
    """A value as text from which `--set` reads it back: bare where that is possible."""
    if isinstance(value, str) and value.strip() == value and _is_read_as(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_read_as(text: str) -> bool:
    try:
        return bool(parse_yaml_value(text, origin="") == text)
    except ConfigError:
        return False
