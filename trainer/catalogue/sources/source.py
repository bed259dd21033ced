"""What every source has, and how it may be spelled."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import yaml
from pydantic import BeforeValidator, SerializerFunctionWrapHandler, model_serializer
from pydantic_core import PydanticCustomError

from trainer.catalogue.choice import Component, members

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class Source(Component):
    """What every source has: a short spelling, and the options of `data` that do not suit it."""

    # The option that stands behind the colon of the short spelling, where there is one.
    argument: ClassVar[str | None] = None
    # What messages call it there.
    placeholder: ClassVar[str] = "PATH"
    # Endings of files that it reads, where their names say so.
    endings: ClassVar[tuple[str, ...]] = ()
    # Whether its examples have captions: the fields `text` and `wrong_text`.
    has_captions: ClassVar[bool] = False
    # Whether captions are its samples.
    makes_captions: ClassVar[bool] = False
    # What its samples are, where its name alone says that they are no pictures.
    holds: ClassVar[str | None] = None

    @model_serializer(mode="wrap")
    def _short(self, write: SerializerFunctionWrapHandler) -> dict[str, Any] | str:
        """The short spelling of what has no further options, else the mapping."""
        # Where defaults are left out, its name stays.
        values: dict[str, Any] = {"name": self.name, **write(self)}
        options = set(type(self).model_fields) - {"name"}
        if not options:
            return self.name
        if self.argument and options == {self.argument}:
            return f"{self.name}:{values[self.argument]}"
        return values

    def __str__(self) -> str:
        """The source as a recipe would have it, in one line: what is not as usual."""
        written = self.model_dump(mode="json", exclude_defaults=True)
        if isinstance(written, str):
            return written
        if set(written) <= {"name", self.argument}:
            return ":".join(map(str, written.values()))
        line: str = yaml.safe_dump(written, default_flow_style=True, sort_keys=False, width=10**6)
        return line.strip()

    @property
    def has_splits(self) -> bool:
        """Whether it has splits, and may be downloaded: tfds, and what is made of such data."""
        parts = (value for _, value in self if isinstance(value, Source))
        return any(part.has_splits for part in parts)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Splits and downloads of what has none."""
        data = experiment.data
        if self.has_splits:
            return
        if data.download:
            yield (
                f"data.download: received true with data.source={self}, which is not downloaded; "
                "leave it false, or name a tfds: source"
            )
        if data.split != "train":
            yield (
                f"data.split: received {data.split!r} with data.source={self}, which has one "
                "split; leave it at train, or name a tfds: source"
            )
        if data.holdout_split is not None:
            yield (
                f"data.holdout_split: received {data.holdout_split!r} with data.source={self}, "
                "which has one split; leave it null and set data.holdout_share"
            )


def held_by(source: Any) -> str | None:
    """What a source holds, or what it is made of, where that is known to be no pictures."""
    held: str | None = getattr(source, "holds", None)
    return held or getattr(getattr(source, "of", None), "holds", None)


def spelled_out(text: str, *, instead_of: str) -> dict[str, Any]:
    """What a bare string stands for in the place of the component of a name.

    It is a component's name; in the place of a source also the short spelling of one.
    """
    name, _, argument = text.partition(":")
    known = _by_name()
    if instead_of not in known or name not in known or not argument:
        return {"name": text}
    return {"name": name, str(known[name].argument): argument}


def named_by_argument() -> tuple[str, ...]:
    """Names of the sources that have a colon behind them."""
    return tuple(name for name, source in _by_name().items() if source.argument)


def source_of_file(name: str) -> str | None:
    """The name of the source that reads a file of this name; None where none does."""
    lowered = name.lower()
    return next((n for n, source in _by_name().items() if lowered.endswith(source.endings)), None)


def readable_endings() -> tuple[str, ...]:
    """All endings by which files are told apart."""
    return tuple(ending for source in _by_name().values() for ending in source.endings)


def _by_name() -> dict[str, type[Source]]:
    from trainer.catalogue.sources import DataSource  # which is made of what is spelled here

    return {
        source.model_fields["name"].default: source
        for source in members(DataSource)
        if issubclass(source, Source)
    }


def _from_spelling(value: Any) -> Any:
    """The mapping that a short spelling stands for; anything else as it is."""
    if not isinstance(value, str):
        return value
    name, colon, argument = value.partition(":")
    known = _by_name()
    if name not in known:
        accepted = ", ".join(_usual_spelling(source) for source in known.values())
        raise _refusal(f"accepted are {accepted}")
    expected = known[name].argument
    if expected is None and colon:
        raise _refusal(f"{name} takes no argument")
    if expected is not None and not argument:
        raise _refusal(f"name what to read, as in {_usual_spelling(known[name])}")
    return {"name": name, **({expected: argument} if expected else {})}


def _usual_spelling(source: type[Source]) -> str:
    name = source.model_fields["name"].default
    return f"{name}:{source.placeholder}" if source.argument else name


def _refusal(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("source", "{sentence}", {"sentence": sentence})


BY_SPELLING = BeforeValidator(_from_spelling)
