"""Every field of the configuration with its default, what it accepts and its comment, as Markdown.

`python -m trainer.config.reference` prints docs/configuration.md (`make reference` writes it). All
of it is read from the classes of the configuration: the comment above a field says what it means,
its type and bounds what it accepts.
"""

import ast
import functools
import inspect
import textwrap
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from trainer.catalogue import Component, Custom, Section
from trainer.config.experiment import Experiment

_INTRODUCTION = """\
# The configuration

Every field of a recipe: its default, what it accepts, what it means. A recipe is a YAML file that
names what differs from these defaults; `gan recipes` lists the ones that come with the package,
`gan init DATA` writes one for your data, `gan train RECIPE --dry-run` shows what one amounts to.
On a command line `--set train.steps=2000` sets a field, with its value in YAML.

A field that is a choice takes a name (`objective: hinge`) or a mapping with the name and its
options (`network: {name: dcgan, base_filters: 32}`). Where `module:Class` is among the names, a
class of your own is one too: `{name: my_module:MyClass, options: {…}}`, with the module beside the
recipe, in the current folder or on PYTHONPATH.

This page is rendered from the classes in
`trainer/config/experiment.py` and
`trainer/catalogue/` by `make reference`."""

# The members of a choice, and what documents them.
_Choice = tuple[type[Component], ...]


def reference() -> str:
    """The page as Markdown."""
    parts = [_INTRODUCTION, "## The fields of a recipe", _table(Experiment, "")]
    for path, section in _sections(Experiment, ""):
        parts += [f"## {path}", _paragraph(section), _table(section, f"{path}.")]
    for path, choice in choices().items():
        parts += [f"## The names of {path}", *_members(choice, path)]
    return "\n\n".join(part for part in parts if part) + "\n"


def choices() -> dict[str, _Choice]:
    """The dotted path of a field that is a choice → what can be chosen, each list of names once."""
    found: dict[str, _Choice] = {}
    every = list(_all_choices(Experiment, ""))
    for path, choice in every:
        documented = {member for members in found.values() for member in members}
        is_part = any(set(choice) < set(other) for _, other in every)
        if not is_part and not set(choice) <= documented:
            found[path] = choice
    return found


def _all_choices(model: type[BaseModel], path: str) -> Iterator[tuple[str, _Choice]]:
    inner = []
    for name, field in model.model_fields.items():
        models = tuple(m for m in _models(field.annotation) if m is not Custom)
        chosen = tuple(m for m in models if issubclass(m, Component))
        if chosen:
            yield f"{path}{name}", chosen
        inner += [(member, f"{path}{name}.") for member in models if member is not model]
    for member, place in inner:
        yield from _all_choices(member, place)


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Every configuration class that an annotation mentions, in order."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]


def _sections(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[Section]]]:
    """The groups of fields that are no choices, with their dotted paths."""
    for name, field in model.model_fields.items():
        if _is_section(field):
            yield f"{path}{name}", field.annotation  # type: ignore[misc]


def _members(choice: _Choice, path: str) -> Iterator[str]:
    name = path.rpartition(".")[2]
    for member in choice:
        yield f"### {name}: {_name(member)}"
        yield _paragraph(member)
        yield _table(member, "")


# ---- Tables --------------------------------------------------------------------------------------


def _table(model: type[BaseModel], path: str) -> str:
    """A row a field; nothing for a class that has none but its name."""
    rows = [
        (f"`{path}{name}`", _default(field), accepted(field), _meaning(model, name))
        for name, field in model.model_fields.items()
        if not (name == "name" and issubclass(model, Component)) and not _is_section(field)
    ]
    if not rows:
        return ""
    head = ["| field | default | accepted | meaning |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *(f"| {' | '.join(map(_cell, row))} |" for row in rows)])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _is_section(field: FieldInfo) -> bool:
    kind = field.annotation
    return inspect.isclass(kind) and issubclass(kind, Section) and not issubclass(kind, Component)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "(required)"
    return f"`{_shown(field.get_default(call_default_factory=True))}`"


def _shown(value: Any) -> str:
    """A value as a recipe would have it."""
    if isinstance(value, Component):
        return value.name
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value) or '""'


def _number(value: float) -> str:
    """Large powers of two as such."""
    bits = value.bit_length() - 1 if isinstance(value, int) else 0
    return f"2^{bits}" if bits > 30 and value == 2**bits else f"{value:,}".replace(",", " ")


def _meaning(model: type[BaseModel], name: str) -> str:
    """The comment above a field; of a choice without one, what its file says."""
    for owner in model.__mro__:
        if name in inspect.get_annotations(owner):
            written = comments(owner).get(name, "")
            models = _models(model.model_fields[name].annotation)
            return written or (_what_a_file_says(models[0]) if models else "")
    return ""


def _what_a_file_says(model: type[BaseModel]) -> str:
    """The part behind the colon of "Priors: where latents come from."."""
    first = (inspect.getmodule(model).__doc__ or "").partition("\n")[0]
    text = first.partition(": ")[2]
    return text[:1].upper() + text[1:]


def _paragraph(model: type[BaseModel]) -> str:
    return " ".join((inspect.getdoc(model) or "").partition("\n\n")[0].split())


def _name(member: type[BaseModel]) -> str:
    return str(member.model_fields["name"].default)


@functools.cache
def comments(model: type) -> dict[str, str]:
    """Each field's comment: the lines above its own, as far up as they are comments."""
    text = textwrap.dedent(inspect.getsource(model))
    lines = text.splitlines()
    (definition,) = ast.parse(text).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for statement in definition.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            above: list[str] = []
            row = statement.lineno - 2
            while lines[row].strip().startswith("#"):
                above.insert(0, lines[row].strip().removeprefix("#").strip())
                row -= 1
            found[statement.target.id] = " ".join(above)
    return found


# ---- What a field accepts ------------------------------------------------------------------------


def accepted(field: FieldInfo) -> str:
    """The values of a field in words."""
    return _accepted(field.annotation, [*field.metadata])


def _accepted(annotation: Any, metadata: list[Any]) -> str:
    arguments, kind = get_args(annotation), get_origin(annotation)
    if hasattr(annotation, "__metadata__"):
        return _accepted(arguments[0], [*_bounds(annotation.__metadata__), *metadata])
    if _is_choice(annotation):
        return _of_choice(annotation)
    if kind in (Union, types.UnionType):
        some = [_accepted(argument, metadata) for argument in arguments if argument is not _NONE]
        return " or ".join([*some, *(["null"] if _NONE in arguments else [])])
    if kind is Literal:
        return ", ".join(f"`{_shown(value)}`" for value in arguments)
    if kind is tuple and Ellipsis in arguments:
        return f"list of {_accepted(arguments[0], [])}"
    if kind is tuple:
        return f"[{', '.join(_accepted(argument, []) for argument in arguments)}]"
    if kind is dict:
        return f"mapping of a name to {_accepted(arguments[1], [])}"
    return f"{_TYPES.get(annotation, 'any value')} {', '.join(_limits(metadata))}".strip()


_NONE = type(None)
_TYPES = {int: "integer", float: "number", bool: "`true`, `false`", str: "text"}


def _is_choice(annotation: Any) -> bool:
    """Whether it is a component, or a union of some with null perhaps."""
    is_union = get_origin(annotation) in (Union, types.UnionType)
    arguments = get_args(annotation) if is_union else (annotation,)
    return all(a is _NONE or (inspect.isclass(a) and issubclass(a, Component)) for a in arguments)


def _of_choice(annotation: Any) -> str:
    """A link to the names of a choice, or those of a part of one."""
    models = _models(annotation)
    null = " or null" if _NONE in get_args(annotation) else ""
    chosen = tuple(model for model in models if model is not Custom)
    for path, choice in choices().items():
        if set(choice) == set(chosen):
            own = " or `module:Class`" if Custom in models else ""
            return f"[a name](#{_anchor(f'the names of {path}')}){own}{null}"
    return ", ".join(f"`{_name(m)}`" for m in chosen) + null


def _anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-").replace(".", "").replace("`", "")


def _bounds(metadata: tuple[Any, ...]) -> Iterator[Any]:
    """Constraints, out of the fields that pydantic wraps them in."""
    for item in metadata:
        yield from item.metadata if isinstance(item, FieldInfo) else (item,)


def _limits(metadata: list[Any]) -> Iterator[str]:
    for constraint in metadata:
        for attribute, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤")):
            if (bound := getattr(constraint, attribute, None)) is not None:
                yield f"{sign} {_number(int(bound) if bound == int(bound) else bound)}"


if __name__ == "__main__":
    print(reference(), end="")
