"""The resolved experiment as YAML in which every value that is not the default says so."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import BaseModel

from trainer.catalogue import Component, Custom
from trainer.config.experiment import Experiment, Train

# What no two experiments have in common.
_NAMES = ("name", "description")


def marked_yaml(experiment: Experiment) -> str:
    """YAML of every field; behind those that differ stands the default, as a comment."""
    return "\n".join(_lines(experiment, Experiment(), 0))


def _lines(section: BaseModel, default: BaseModel, depth: int) -> Iterator[str]:
    written = section.model_dump(mode="json")
    usual = default.model_dump(mode="json")
    for name in type(section).model_fields:
        value, there = getattr(section, name), getattr(default, name)
        key = f"{'  ' * depth}{name}:"
        if isinstance(section, Train) and name == "steps" and section.epochs is not None:
            yield f"{'  ' * depth}# steps: as many as the epochs make"
        elif isinstance(value, BaseModel) and isinstance(written[name], Mapping):
            yield key
            yield from _component_lines(value, there, depth + 1)
        elif written[name] == usual[name] or (depth == 0 and name in _NAMES):
            yield f"{key} {_flow(written[name])}"
        else:
            yield f"{key} {_flow(written[name])}  # default {_flow(usual[name])}"


def _component_lines(value: BaseModel, default: Any, depth: int) -> Iterator[str]:
    """A section against its defaults; another component than the usual one against its own."""
    if type(value) is type(default):
        yield from _lines(value, default, depth)
        return
    assert isinstance(value, Component)
    usual = _flow(default.name) if isinstance(default, Component) else _flow(default)
    indent = "  " * depth
    yield f"{indent}name: {_flow(value.name)}  # default {usual}"
    if isinstance(value, Custom):
        yield f"{indent}options: {_flow(value.options)}"
        return
    required = {
        n: getattr(value, n) for n, f in type(value).model_fields.items() if f.is_required()
    }
    own = type(value)(**required)
    yield from (line for line in _lines(value, own, depth) if line != f"{indent}name: {value.name}")


def _flow(value: Any) -> str:
    """A value on one line."""
    written: str = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6
    )
    return written.removesuffix("\n").removesuffix("\n...")
