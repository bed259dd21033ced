"""Turns what pydantic says about a configuration into one sentence that a person can act on."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

# What pydantic says in Python's words, in YAML's.
_EXPECTED = {
    "tuple_type": "input should be a list",
    "model_type": "input should be a mapping of fields",
    "model_attributes_type": "input should be a mapping of fields",
    "dict_type": "input should be a mapping",
}
# Problems that are named at once.
_NAMED = 5


def sentence(error: ValidationError, root: type[BaseModel]) -> str:
    """Field, value received, remedy: for each of the first problems; how many more there are."""
    text = together([_describe(problem, root) for problem in error.errors()])
    return text if text.endswith("?") else f"{text}."


def together(problems: Sequence[str]) -> str:
    """The first problems, each once, in a line without its last stop; how many more there are."""
    different = [*dict.fromkeys(problems)]
    named = [problem.rstrip(".") for problem in different[:_NAMED]]
    more = f" (and {len(different) - _NAMED} more such problems)" if len(different) > _NAMED else ""
    return " Also: ".join(p if p.endswith("?") else f"{p}." for p in named).rstrip(".") + more


def _describe(problem: Any, root: type[BaseModel]) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "value_error" and not problem["loc"]:
        return str(context["error"])
    field = _path(problem["loc"], root)
    received = _shown(problem["input"])
    if kind == "extra_forbidden":
        return f"{field}: no such field{_suggestion(field, problem['loc'], root)}"
    if kind == "missing":
        return f"{field}: it is missing; give it a value"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        tag = context.get("tag", received)
        accepted = context.get("expected_tags", "a mapping with a name")
        accepted = str(accepted).replace("'", "")
        return f"{field}.name: received {tag!r}; accepted are {accepted}"
    expected = _EXPECTED.get(kind) or _lower_first(problem["msg"])
    return f"{field}: received {received}; {expected}"


def _path(loc: Sequence[Any], root: type[BaseModel]) -> str:
    """The dotted path without the tags that pydantic puts behind a union's field."""
    parts: list[str] = []
    model: Any = root
    for item in loc:
        if isinstance(item, int):
            parts[-1] += f"[{item}]"
            continue
        if isinstance(model, type) and issubclass(model, BaseModel):
            parts.append(str(item))
            model = _field_type(model, str(item))
        else:
            # A tag: it names the member of a union, and the next item is a field of it.
            model = _member(model, str(item))
            if model is None:
                parts.append(str(item))
    return ".".join(parts)


def _field_type(model: type[BaseModel], name: str) -> Any:
    """What stands below a field: a section, also one of several or one that may be missing."""
    field = model.model_fields.get(name)
    if field is None:
        return None
    models = _models(field.annotation)
    is_section = len(models) == 1 and "name" not in models[0].model_fields
    return models[0] if is_section else field.annotation


def _suggestion(field: str, loc: Sequence[Any], root: type[BaseModel]) -> str:
    known = _known_fields(loc[:-1], root)
    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    if close:
        return f"; did you mean {'.'.join([*field.split('.')[:-1], close[0]])}?"
    return f"; accepted are {', '.join(known)}" if known else ""


def _known_fields(loc: Sequence[Any], root: type[BaseModel]) -> list[str]:
    model: Any = root
    for item in loc:
        if isinstance(item, int):
            continue
        if isinstance(model, type) and issubclass(model, BaseModel):
            model = _field_type(model, str(item))
        else:
            model = _member(model, str(item))
    members = _models(model)
    return list(members[0].model_fields) if len(members) == 1 else []


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Every model that an annotation mentions, through unions, tuples and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    arguments = getattr(annotation, "__args__", ())
    return [model for argument in arguments for model in _models(argument)]


def _member(annotation: Any, tag: str) -> type[BaseModel] | None:
    """The member of a union that a tag names: its field `name` has it as the default."""
    members = _models(annotation)
    for model in members:
        if model.model_fields["name"].default == tag:
            return model
    # The only member without a default name is the one that takes the user's own.
    open_members = [m for m in members if m.model_fields["name"].is_required()]
    return open_members[0] if open_members else None


def _shown(value: Any) -> str:
    text = repr(dict(value) if isinstance(value, Mapping) else value)
    return text if len(text) <= 80 else text[:77] + "..."


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
