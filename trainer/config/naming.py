"""What a run is called and described as, where it is no longer what its recipe describes."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trainer import catalogue
from trainer.config.experiment import Experiment
from trainer.files import is_remote

# What a description speaks of: the data, and the game that is played on it.
_DATA = ("source", "size", "channels")
_GAME = (
    *("network", "networks", "prior", "condition", "objective", "penalties", "terms", "round"),
    "wrappers",
)


def renamed(
    experiment: Experiment, recipe: Experiment, run_dir: str | os.PathLike[str] | None
) -> Experiment:
    """The experiment with a name and a description of its own, where it differs from its recipe.

    Numbers alone (widths, weights, lengths) leave a recipe what it is; another source or size of
    the data and another component or kind do not. A name or description that was given stays.

    Args:
        experiment: what will be trained.
        recipe: what the recipe says.
        run_dir: where it will be trained; None is not decided.
    """
    if _subject(experiment) == _subject(recipe):
        return experiment
    names = {}
    if experiment.name == recipe.name:
        names["name"] = _name_of_place(run_dir) or _name_of_data(experiment, recipe) or recipe.name
    if experiment.description == recipe.description:
        names["description"] = f"{_described(experiment)} (the recipe {recipe.name}, changed)."
    return experiment.model_copy(update=names)


def _subject(experiment: Experiment) -> Any:
    values = experiment.as_dict()
    data = {field: values["data"][field] for field in _DATA}
    return data, {field: _without_numbers(values[field]) for field in _GAME}


def _without_numbers(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_numbers(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_without_numbers(v) for v in value if not isinstance(v, int | float)]
    return None if isinstance(value, int | float) else value


def _name_of_place(run_dir: str | os.PathLike[str] | None) -> str:
    if run_dir is None:
        return ""
    place = os.fspath(run_dir)
    return os.path.basename(place.rstrip("/") if is_remote(place) else os.path.abspath(place))


def _name_of_data(experiment: Experiment, recipe: Experiment) -> str:
    """The last part of what stands behind a source's colon: pets of folder:data/pets."""
    source = experiment.data.source
    if source == recipe.data.source:
        return ""
    if isinstance(source, catalogue.Tfds):
        return source.dataset.partition(":")[0].replace("/", "-")
    path = getattr(source, "path", None)
    return Path(path).expanduser().resolve().stem if path else source.name.rpartition(":")[2]


def _described(experiment: Experiment) -> str:
    """The data and every choice that is not the usual one, in a line."""
    size = experiment.data.size
    at = f" at {size[0]}x{size[1]}" if size else ""
    network = experiment.network.name
    network = network.upper() if network in ("mlp", "dcgan") else network
    return ", ".join([f"{network} on {experiment.data.source}{at}", *_unusual(experiment)])


def _unusual(experiment: Experiment) -> Iterator[str]:
    usual = Experiment()
    for field in ("prior", "condition", "objective", "round"):
        name = getattr(experiment, field).name
        if name != getattr(usual, field).name:
            yield f"{field} {name}"
    for field in ("penalties", "terms", "wrappers"):
        names = [component.name for component in getattr(experiment, field)]
        if names:
            yield f"{field} {' and '.join(names)}"
    for role, network in experiment.networks.items():
        yield f"{role} {network.name}"
