"""Pictures of one's own with captions: a folder or an array of pictures, and a file of lines."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trainer.catalogue import Captions, Folder, Npz
from trainer.config.experiment import Data
from trainer.data import captions as texts
from trainer.data.holdout import held_out_mask
from trainer.data.reading import Part, Row, Source, Table, readable
from trainer.data.sources import folder, npz
from trainer.errors import ConfigError

_ENDINGS = (".jsonl", ".csv")
# Names that a message shows.
_SHOWN = 3


class _Line(NamedTuple):
    """A caption, the picture that it is of (None where lines are in the pictures' order)."""

    picture: str | None
    caption: str


def open_source(data: Data) -> Source:
    """Reads captions and pictures: fields `sample`, `text` (and `label`), and apart `wrong_text`.

    A picture of a folder that has several lines is as many examples, one with each caption.

    Raises:
        ConfigError: for a file or folder that cannot be read, a line without picture or caption, a
            picture without a line, and a line whose picture is not there.
    """
    options = data.source
    assert isinstance(options, Captions)
    place = Path(options.pictures).expanduser()
    in_folder = place.is_dir()
    lines = _lines(Path(options.captions).expanduser(), options, named=in_folder)
    component = Folder(path=str(place)) if in_folder else Npz(path=str(place))
    module = folder if in_folder else npz
    pictures = module.open_source(data.model_copy(update={"source": component}))
    own = _by_name(lines, place, options) if in_folder else _in_order(lines, pictures, options)
    return _source(pictures, own, data, options)


def _source(
    pictures: Source, captions: Sequence[Sequence[str]], data: Data, options: Captions
) -> Source:
    """The pictures, each with its captions, as a source."""
    table = pictures.tables[0]
    counts = [len(several) for several in captions]
    labels = None if table.labels is None else np.repeat(table.labels, counts)
    flat = [caption for several in captions for caption in several]
    training = ~held_out_mask(len(flat), data.holdout_share, labels)
    known = texts.field_of(
        [flat[i] for i in np.flatnonzero(training)], words=options.words, length=options.length
    )
    ids = texts.ids_of(flat, known)

    def rows() -> Iterator[Row | None]:
        first = 0
        for row, count in zip(table.train.rows, counts, strict=True):
            for own in ids[first : first + count]:
                fields = {} if row is None else {**row.fields, "text": own}
                yield None if row is None else Row(fields, row.origin)
            first += count

    own = Table(Part(rows(), len(flat)), labels=labels)
    path = Path(options.captions).expanduser()
    return Source(
        tables=(own, texts.wrong(own, ids)),
        fields={**pictures.fields, **texts.fields_of(known)},
        identity={
            "source": "captions",
            "pictures": pictures.identity,
            "captions": [str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns],
            "options": [options.picture, options.caption, options.words, options.length],
        },
    )


# ---- Which caption belongs to which picture ------------------------------------------------------


def _by_name(lines: Sequence[_Line], root: Path, options: Captions) -> list[list[str]]:
    """The captions of each picture of a folder, in the order in which they are read."""
    found: dict[str, list[str]] = {}
    for line in lines:
        assert line.picture is not None
        found.setdefault(Path(line.picture).as_posix(), []).append(line.caption)
    names = [file.relative_to(root).as_posix() for file in folder.image_files(root)]
    missing = sorted(set(found) - set(names))
    extra = sorted(set(names) - set(found))
    if missing or extra:
        problems = [
            f"{len(some)} {what} ({_listed(some)})"
            for some, what in (
                (missing, f"pictures of {options.captions} are not there"),
                (extra, "pictures have no line in it"),
            )
            if some
        ]
        raise ConfigError(
            f"data.source.captions: in {root} {' and '.join(problems)}; give each picture a line "
            f"whose {options.picture!r} is its path within the folder."
        )
    return [found[name] for name in names]


def _in_order(lines: Sequence[_Line], pictures: Source, options: Captions) -> list[list[str]]:
    """The caption of each picture of an array."""
    count = pictures.tables[0].train.count
    if len(lines) != count:
        raise ConfigError(
            f"data.source.captions: {options.captions} has {len(lines)} captions for the {count} "
            f"pictures of {options.pictures}; give one a picture, in their order."
        )
    return [[line.caption] for line in lines]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(readable, names[:_SHOWN])) + more


# ---- Lines ---------------------------------------------------------------------------------------


def _lines(path: Path, options: Captions, *, named: bool) -> list[_Line]:
    """The lines of a file, each with what it has to have.

    Raises:
        ConfigError: naming the line.
    """
    if path.suffix.lower() not in _ENDINGS:
        raise ConfigError(
            f"data.source.captions: received {str(path)!r}; give a .jsonl file of an object a line "
            "or a .csv file with a header."
        )
    keys = (*((options.picture,) if named else ()), options.caption)
    lines: list[_Line] = []
    for number, values in _read(path):
        found: dict[str, str] = {}
        for key in keys:
            value = values.get(key)
            if isinstance(value, str) and value.strip():
                found[key] = value
            else:
                raise ConfigError(
                    f"data.source.captions: line {number} of {path} has no {key!r} (it has "
                    f"{', '.join(map(str, values)) or 'nothing'}); name the key or column by "
                    "data.source.picture and data.source.caption, and leave no line empty."
                )
        lines.append(_Line(found[options.picture] if named else None, found[options.caption]))
    if len(lines) < 2:
        raise ConfigError(
            f"data.source.captions: {path} holds {len(lines)} captions, and training needs at "
            "least 2; put one example on each line."
        )
    return lines


def _read(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    """Numbers of lines, and what stands on them."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() == ".csv":
                reader = csv.DictReader(file, restkey="")
                for values in reader:
                    yield reader.line_num, values
                return
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _object(line, number, path)
    except OSError as error:
        raise ConfigError(
            f"data.source.captions: {path} cannot be read ({error.strerror}); give the path of a "
            "file on a local disk."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"data.source.captions: {path} is not UTF-8 text (byte {error.start}); save it as "
            "UTF-8."
        ) from error
    except csv.Error as error:
        raise ConfigError(
            f"data.source.captions: {path} cannot be read as CSV ({error}); write it with quotes "
            "around captions that hold a comma."
        ) from error


def _object(line: str, number: int, path: Path) -> Mapping[str, object]:
    try:
        values = json.loads(line)
    except ValueError as error:
        raise ConfigError(
            f"data.source.captions: line {number} of {path} is no JSON ({error}); put an object "
            'on each line, such as {"file": "a.png", "caption": "a red bird"}.'
        ) from error
    if not isinstance(values, dict):
        raise ConfigError(
            f"data.source.captions: line {number} of {path} is no object but {line.strip()[:40]}; "
            'put one on each line, such as {"file": "a.png", "caption": "a red bird"}.'
        )
    return values
