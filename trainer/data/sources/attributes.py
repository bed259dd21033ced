"""Pictures of one's own with attributes, such as faces with ages: numbers in a file of lines."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trainer.catalogue import Attributes
from trainer.config.experiment import Data
from trainer.data import attributes, beside
from trainer.data.beside import Beside, Line
from trainer.data.reading import Part, Row, Source, Table, labelled
from trainer.errors import ConfigError
from trainer.fields import Field

_EXAMPLE = '{"file": "a.png", "age": 31}'


class _Attributes(NamedTuple):
    """Numbers and a class, and the picture that they are of (None where lines are in order)."""

    picture: str | None
    values: list[float]
    label: str


def open_source(data: Data) -> Source:
    """Reads attributes and pictures: fields `sample`, `attributes` (and `label`).

    Raises:
        ConfigError: for a file or folder that cannot be read, a line without picture or with what
            is no number, a picture without a line or with two, and a line whose picture is not
            there.
    """
    options = data.source
    assert isinstance(options, Attributes)
    place = Path(options.pictures).expanduser()
    file = Beside("attributes", Path(options.attributes).expanduser(), options.picture, _EXAMPLE)
    lines = file.lines()
    names = options.columns or (_others(lines[0], options, file) if lines else ())
    found = [_read(line, names, file, options, named=place.is_dir()) for line in lines]
    pictures = beside.opened_pictures(place, data)
    if place.is_dir():
        own = [_only(several, file) for several in file.of_folder(found, place)]
    else:
        of_rows = file.of_array(found, pictures.tables[0].train.count, place)
        own = [about for (about,) in of_rows]
    return _source(pictures, own, names, file, options)


def _others(line: Line, options: Attributes, file: Beside) -> tuple[str, ...]:
    """The columns that are neither the picture's nor the class's.

    Raises:
        ConfigError: where there are none.
    """
    names = [str(name) for name in line.values if name]
    others = tuple(name for name in names if name not in (options.picture, options.label))
    if not others:
        raise ConfigError(
            f"data.source.attributes: line {line.number} of {file.path} has {', '.join(names)} and "
            f"no attribute beside; put one in each line, such as {file.example}."
        )
    return others


def _read(
    line: Line, names: Sequence[str], file: Beside, options: Attributes, *, named: bool
) -> _Attributes:
    """What a line says."""
    picture = file.text(line, options.picture, "picture") if named else None
    label = "" if options.label is None else str(line.values.get(options.label) or "").strip()
    if options.label is not None and not label:
        raise ConfigError(
            f"data.source.label: line {line.number} of {file.path} has no {options.label!r}; name "
            "the column of the classes, and leave no line empty, or leave the option out."
        )
    return _Attributes(picture, [_number(line, name, file) for name in names], label)


def _number(line: Line, name: str, file: Beside) -> float:
    """A finite number of a line."""
    value = line.values.get(name)
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        return number
    shown = "nothing" if value in (None, "") else repr(value)
    raise ConfigError(
        f"data.source.attributes: line {line.number} of {file.path} has {shown} for {name!r}; give "
        "a finite number in every line, or name the columns of numbers by data.source.columns."
    )


def _only(several: Sequence[_Attributes], file: Beside) -> _Attributes:
    """The line of a picture, which has one."""
    if len(several) > 1:
        raise ConfigError(
            f"data.source.attributes: {file.path} has {len(several)} lines about "
            f"{several[0].picture}; give one a picture."
        )
    return several[0]


def _source(
    pictures: Source,
    own: Sequence[_Attributes],
    names: Sequence[str],
    file: Beside,
    options: Attributes,
) -> Source:
    """The pictures, each with its attributes, as a source."""
    (table,) = pictures.tables
    values = np.array([about.values for about in own], np.float32)
    classes, labels = dict[str, Field](), table.labels
    if options.label is not None:
        found, numbers = np.unique([about.label for about in own], return_inverse=True)
        classes, labels = labelled(tuple(map(str, found))), numbers.astype(np.int64)

    def of(index: int) -> Mapping[str, np.ndarray]:
        label = {} if options.label is None or labels is None else {"label": labels[index]}
        return {"attributes": values[index], **label}

    def rows() -> Iterator[Row | None]:
        for index, row in enumerate(table.train.rows):
            yield None if row is None else Row({**row.fields, **of(index)}, row.origin)

    return Source(
        tables=(Table(Part(rows(), len(own)), labels=labels),),
        fields={
            **pictures.fields,
            **classes,
            "attributes": attributes.field_of(tuple(names)),
        },
        identity={
            "source": "attributes",
            "pictures": pictures.identity,
            "attributes": file.identity,
            "options": [options.picture, list(names), options.label],
        },
    )
