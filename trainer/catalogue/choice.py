"""A choice by name: a class whose fields are its options, and where its code lives.

A recipe chooses a component by name (`network: {name: dcgan, base_filters: 32}`). Each component of
this package is such a choice: its fields are the options with their defaults, `target` says where
the code is, and `resolve` fetches it. The code receives the options object itself, so nothing
repeats the list of options. Nothing here imports TensorFlow.
"""

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from trainer.errors import ConfigError

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class Section(BaseModel):
    """An immutable group of configuration fields that refuses unknown keys and wrong types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Component(Section):
    """A named choice; `target` is the `module:attribute` that implements it.

    Attributes:
        prepares: `module:function` of the choice, the experiment and the data set, which makes what
            must be there before a game is built for training; empty where there is nothing.
    """

    target: ClassVar[str]
    prepares: ClassVar[str] = ""
    name: str

    def __str__(self) -> str:
        """The choice as a recipe would have it, in one line."""
        written = self.model_dump(mode="json")
        if isinstance(written, str):
            return written
        line: str = yaml.safe_dump(written, default_flow_style=True, sort_keys=False, width=10**6)
        return line.strip()

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Sentences (field, value, remedy) on what this choice cannot go with."""
        yield from ()


def off_block(field: str, steps: int, experiment: "Experiment") -> Iterator[str]:
    """A sentence where a stage would begin within a block of steps played in one call."""
    block = experiment.devices.steps_per_execution
    if steps % block:
        yield (
            f"{field}: received {steps}, at which a stage would begin within a block of "
            f"devices.steps_per_execution={block} steps; take a multiple of it"
        )


class Custom(Component):
    """A component of the user's own: `name` is `module:Class`, called with `options`.

    The class offers what the library's own components of its kind offer. It is called as
    `Class(options, …)` with whatever further arguments its neighbours receive.
    """

    target: ClassVar[str] = ""
    name: str = Field(pattern=r"^[\w.]+:\w+$")
    # Keyword arguments of the class.
    options: dict[str, Any] = Field(default_factory=dict)

    # What the library's own components tell about themselves, and a user's are not asked for.

    roles: ClassVar[dict[str, str]] = {}
    builds: ClassVar[tuple[str, ...]] = ()
    families: ClassVar[dict[str, Any]] = {}
    shows_pictures: ClassVar[bool] = True
    translates: ClassVar[bool] = True
    logits_are_probabilities: ClassVar[bool] = False
    sign_tells: ClassVar[bool] = True
    judged_together: ClassVar[int] = 1
    reads_alone: ClassVar[bool] = True
    feature_kinds: ClassVar[tuple[str, ...]] = ("inception", "classifier", "other")

    @property
    def turns(self) -> int:
        """Batches of real examples that one step of a round consumes."""
        return 1

    def mixing(self, kind: str) -> str | None:
        """The option by which what a network says of one example depends on its batch."""
        return None


class ByName:
    """Marks a union of components as a choice by name; a bare name stands for its defaults."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """The union, told apart by the field `name`."""
        members = get_args(source) or (source,)
        choices = {_tag_of_class(member): handler.generate_schema(member) for member in members}
        union = core_schema.tagged_union_schema(choices, discriminator=_tag)
        return core_schema.no_info_before_validator_function(_with_name, union)


BY_NAME = ByName()
_OWN = "module:Class"


def members(choice: Any) -> tuple[type[Component], ...]:
    """The components that a choice made by `BY_NAME` offers, the user's own left out."""
    union = get_args(choice)[0]
    return tuple(c for c in get_args(union) or (union,) if c is not Custom)


def resolve(component: Component) -> Any:
    """The attribute that implements a component, imported now."""
    if isinstance(component, Custom):
        look_in(os.getcwd())
    return import_attribute(component.target or component.name, field=type(component).__name__)


def own_components(section: Section) -> Iterator[Custom]:
    """The components of the user's own, wherever they stand below a section."""
    for _, value in section:
        yield from _own(value)


def _own(value: Any) -> Iterator[Custom]:
    if isinstance(value, Custom):
        yield value
    elif isinstance(value, Section):
        yield from own_components(value)
    elif isinstance(value, tuple | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _own(inner)


def look_in(folder: str) -> None:
    """Lets modules of the user's own be found in a folder, after every other place."""
    if folder not in sys.path:
        sys.path.append(folder)


def own_module(component: Custom) -> str:
    """The outermost module in which a component of the user's own lies."""
    return component.name.partition(":")[0].partition(".")[0]


def require_own_modules(experiment: "Experiment") -> None:
    """Refuses components of the user's own whose modules are nowhere; imports none of them.

    Raises:
        ConfigError: naming the component, and the folder that the run remembers.
    """
    for component in own_components(experiment):
        look_in(os.getcwd())
        module = own_module(component)
        if module not in sys.modules and importlib.util.find_spec(module) is None:
            reason = f"no module {module!r}"
            if experiment.modules:
                reason += f" in modules={experiment.modules!r}"
            raise _not_imported(type(component).__name__, component.name, reason)


def import_attribute(path: str, *, field: str) -> Any:
    """Imports `module:attribute`.

    Raises:
        ConfigError: when the module or the attribute does not exist.
    """
    module_name, _, attribute = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except (ImportError, SyntaxError, AttributeError, TypeError, ValueError) as error:
        raise _not_imported(field, path, str(error)) from error
    if not hasattr(module, attribute):
        place = getattr(module, "__file__", None) or module_name
        raise _not_imported(field, path, f"{place} has no {attribute!r}")
    return getattr(module, attribute)


def _not_imported(field: str, path: str, reason: str) -> ConfigError:
    return ConfigError(
        f"{field}: received {path!r}, which cannot be imported ({reason}); give module:Class with "
        "the module beside the recipe, in the current folder or on PYTHONPATH."
    )


def _tag_of_class(member: type[Component]) -> str:
    return member.model_fields["name"].default if member is not Custom else _OWN


def _tag(value: Any) -> str:
    name = value.get("name", "") if isinstance(value, Mapping) else getattr(value, "name", "")
    return _OWN if ":" in str(name) else str(name)


def _with_name(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value
