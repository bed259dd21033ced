"""From a recipe to an experiment: YAML laid over the defaults, and `--set a.b=c` over that."""

import difflib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from trainer.catalogue import look_in, own_components, own_module
from trainer.catalogue.sources.source import named_by_argument, source_of_file, spelled_out
from trainer.config.experiment import Experiment
from trainer.config.naming import renamed
from trainer.config.sentences import sentence
from trainer.errors import ConfigError
from trainer.files import expanded, read_text

# Folders of recipes in the order of the lectures, with the headings that `gan recipes` shows.
CHAPTERS = {
    "first": "First games",
    "stable": "Stable games",
    "conditional": "Conditional GANs",
    "inference": "Encoders, anomalies, inpainting",
    "translation": "Translation",
    "scales": "Large pictures",
    "sequences": "Sequences",
    "tables": "Tables",
    "graphs": "Molecules",
    "video": "Video",
    "agents": "Planning and drawing agents",
}


def recipe_names() -> list[str]:
    """The recipes inside the package, sorted."""
    return sorted(_packaged())


def recipe_chapters() -> dict[str, list[str]]:
    """The heading of each chapter that has recipes, and their names, sorted."""
    chapter_of = {name: path.parent.name for name, path in _packaged().items()}
    chapters = {
        heading: sorted(name for name, chapter in chapter_of.items() if chapter == folder)
        for folder, heading in CHAPTERS.items()
    }
    return {heading: names for heading, names in chapters.items() if names}


def recipe_text(name: str) -> str:
    """The YAML of a recipe of the package, comments included."""
    return _packaged()[name].read_text("utf-8")


def _packaged() -> dict[str, Path]:
    """Name → file; a recipe's name is its file's, whatever chapter it lies in."""
    return {path.stem: path for path in (Path(__file__).parents[1] / "recipes").glob("*/*.yaml")}


def load_experiment(
    recipe: str | os.PathLike[str],
    overrides: Sequence[str] = (),
    run_dir: str | os.PathLike[str] | None = None,
) -> Experiment:
    """Reads a recipe and applies `KEY=VALUE` overrides.

    Args:
        recipe: the name of a recipe of the package, the path of a YAML file (classes of one's own
            are found beside it), or what stands in one, as `in_line` gives it.
        overrides: such as `["train.steps=2000", "objective.name=hinge"]`; values are YAML.
        run_dir: where it will be trained, whose name it takes where overrides make another thing of
            it than the recipe describes.

    Raises:
        ConfigError: one sentence with the field, the value received and what is accepted.
    """
    recipe = os.fspath(recipe)
    values = _read_recipe(recipe)
    experiment = _overridden(values, overrides)
    is_file = recipe not in recipe_names() and not _is_in_line(recipe)
    beside = [os.path.dirname(expanded(recipe))] if is_file else []
    experiment = remember_modules(experiment, *beside, os.getcwd())
    if not overrides:
        return experiment
    try:
        return renamed(experiment, make_experiment(values), run_dir)
    except ConfigError:  # The recipe alone is no whole experiment, so what it says is of this one.
        return experiment


def remember_modules(experiment: Experiment, *folders: str) -> Experiment:
    """The experiment with the first of these folders that holds a module of one's own."""
    if experiment.modules is not None:
        return experiment
    names = {own_module(component) for component in own_components(experiment)}
    for folder in map(Path, folders):
        if any((folder / f"{name}.py").exists() or (folder / name).is_dir() for name in names):
            look_in(str(folder))
            return experiment.model_copy(update={"modules": str(folder)})
    return experiment


def with_overrides(experiment: Experiment, overrides: Sequence[str]) -> Experiment:
    """The experiment with `KEY=VALUE` overrides applied.

    Raises:
        ConfigError: as `load_experiment`.
    """
    return _overridden(experiment.as_dict(), overrides)


def _overridden(values: Mapping[str, Any], overrides: Sequence[str]) -> Experiment:
    for override in overrides:
        values = merge(values, _of_one_length(parse_override(override), f"--set {override}"))
    return make_experiment(values)


def make_experiment(values: Mapping[str, Any]) -> Experiment:
    """Checks plain values and makes the experiment of them.

    Raises:
        ConfigError: as `load_experiment`.
    """
    defaults = Experiment().as_dict()
    try:
        experiment = Experiment.model_validate(merge(defaults, values))
    except ValidationError as error:
        raise ConfigError(sentence(error, Experiment)) from None
    if experiment.modules is not None:
        look_in(expanded(experiment.modules))
    return experiment


def in_line(recipe: str) -> str:
    """What stands in a recipe, as one line that is a recipe too: a machine need not have the file.

    Raises:
        ConfigError: when it cannot be read.
    """
    return json.dumps(_read_recipe(recipe), ensure_ascii=False)


def _is_in_line(recipe: str) -> bool:
    return recipe.startswith("{")


def _read_recipe(recipe: str) -> dict[str, Any]:
    if _is_in_line(recipe):
        return _of_one_length(parse_yaml(recipe, origin="RECIPE"), "RECIPE")
    if recipe in recipe_names():
        values = parse_yaml(recipe_text(recipe), origin=recipe)
        return {"name": recipe, **_of_one_length(values, recipe)}
    path = Path(recipe)
    if path.suffix not in (".yaml", ".yml"):
        raise ConfigError(_no_recipe(recipe))
    values = read_yaml(recipe, "RECIPE", "give a YAML file that exists.")
    return {"name": path.stem, **_of_one_length(values, recipe)}


def read_yaml(path: str, what: str, remedy: str) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        ConfigError: when it cannot be read (naming `what` it is, and the remedy), or is none.
    """
    try:
        text = read_text(os.path.expanduser(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{what}: {path!r} cannot be read ({reason}); {remedy}") from error
    return parse_yaml(text, origin=path)


def _of_one_length(change: dict[str, Any], origin: str) -> dict[str, Any]:
    """A change that names a run's steps takes back the epochs that stood before it.

    Raises:
        ConfigError: when it names both.
    """
    train = change.get("train")
    if not isinstance(train, Mapping) or train.get("steps") is None:
        return change
    if train.get("epochs") is not None:
        raise ConfigError(
            f"train.epochs: {origin} names {train['epochs']} epochs and {train['steps']} steps; "
            "name one of them."
        )
    return {**change, "train": {**train, "epochs": None}}


def _no_recipe(received: str) -> str:
    """What a word is instead of a recipe, and what to do about it."""
    path = Path(received).expanduser()
    if path.is_dir() and (path / "config.yaml").exists():
        return f"RECIPE: {received!r} is a run; `gan resume {received}` goes on with it."
    is_source = received.partition(":")[0] in named_by_argument()
    if is_source or path.is_dir() or source_of_file(path.name) is not None:
        return (
            f"RECIPE: {received!r} is data and no recipe; `gan init {received}` looks at it and "
            "writes one that fits."
        )
    close = difflib.get_close_matches(received, recipe_names(), n=1)
    meant = f"did you mean {close[0]}? Accepted are" if close else "accepted are"
    return (
        f"RECIPE: received {received!r}; {meant} {', '.join(recipe_names())}, or the path of a "
        "YAML file. For data of your own, `gan init DATA` writes one."
    )


def merge(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the keys of `change` laid over it, mapping by mapping.

    A component of another name replaces the old one, whose options would not fit it. A bare
    string in the place of a component is its name (`objective: hinge`), and in the place of a
    source its short spelling; options laid over one that was so named are its own.
    """
    merged: dict[str, Any] = dict(base)
    for key, value in change.items():
        old: Any = merged.get(key)
        if isinstance(old, str) and isinstance(value, Mapping):
            old = spelled_out(old, instead_of=old.partition(":")[0])
        if isinstance(old, Mapping) and "name" in old and isinstance(value, str):
            value = spelled_out(value, instead_of=old["name"])
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        renamed = both and "name" in value and value["name"] != old.get("name")
        merged[key] = merge(old, value) if both and not renamed else value
    return merged


def parse_override(override: str) -> dict[str, Any]:
    """What a `KEY=VALUE` lays over a mapping of fields.

    Raises:
        ConfigError: when it is none.
    """
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise ConfigError(
            f"--set: received {override!r}; write KEY=VALUE, such as train.steps=2000."
        )
    value = parse_yaml_value(text, origin=f"--set {key}")
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


class _Loader(yaml.SafeLoader):
    """YAML with the scalars of YAML 1.2: `2e-4` is a number, `on` and `12:30` are strings."""


_SCALARS = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?\d{1,4000}|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (
        r"[-+]?(\d+\.?\d*[eE][-+]?\d+|\d+\.\d*|\.\d+([eE][-+]?\d+)?|\.inf)|\.nan",
        "-+0123456789.",
    ),
}
_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0].rpartition(":")[2] not in _SCALARS]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _name, (_pattern, _first) in _SCALARS.items():
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


def parse_yaml_value(text: str, *, origin: str) -> Any:
    """One YAML value; numbers as YAML 1.2 writes them."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - it is a safe one
    except (yaml.YAMLError, RecursionError) as error:
        problem = " ".join(str(error).split())
        raise ConfigError(f"{origin}: this is not YAML ({problem}); mend it there.") from error


def parse_yaml(text: str, *, origin: str) -> dict[str, Any]:
    """A YAML mapping, such as a recipe.

    Raises:
        ConfigError: when the text is not YAML or not a mapping.
    """
    values = parse_yaml_value(text, origin=origin)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(
            f"{origin}: received a {type(values).__name__}; a recipe is a mapping of fields."
        )
    return values


def to_yaml(experiment: Experiment) -> str:
    """The resolved experiment as YAML, in the order in which this file declares it."""
    return yaml.safe_dump(experiment.as_dict(), sort_keys=False, allow_unicode=True)
