"""Sequences of DNA, RNA or proteins from a FASTA file."""

import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import numpy as np

from trainer.catalogue import Fasta
from trainer.config.experiment import Data
from trainer.data import attributes
from trainer.data.alphabets import ALPHABETS, field_of
from trainer.data.reading import Source, Table, in_lines, labelled, rows_of, text_of
from trainer.data.symbols import ids_of
from trainer.errors import ConfigError

_logger = logging.getLogger("saddlepoint")

# From this share of letters on that nucleic acids are written with (N is any of them), a file is of
# those.
_NUCLEIC = 0.9


class Record(NamedTuple):
    """A sequence with what stands in front of it.

    Attributes:
        header: the line behind ">".
        letters: in capitals, those of all its lines; the star that ends some proteins is no letter.
        line: of the file, counted from one, that has the header.
    """

    header: str
    letters: str
    line: int


def open_source(data: Data) -> Source:
    """Reads the sequences: field `sample` of kind tokens, int32 [length].

    Sequences of several lengths are filled up with the end. Headers give the field `label`, and
    `attributes` where properties are asked for.

    Raises:
        ConfigError: for a file that is no FASTA, too many sequences with letters outside the
            alphabet, and headers without what is asked of them.
    """
    options = data.source
    assert isinstance(options, Fasta)
    path = Path(options.path).expanduser()
    records = read(path)
    alphabet = options.alphabet or inferred(records)
    readable = _readable(records, alphabet, data, path)
    kept = _usable(readable, alphabet, options)
    labels = None if options.label is None else [_label(one, options.label) for one in kept]
    classes = tuple(sorted(set(labels or ())))
    numbers = None if labels is None else np.array([classes.index(x) for x in labels], np.int64)
    return Source(
        tables=(_table(kept, alphabet, numbers, options, data),),
        fields=_fields(kept, alphabet, classes, options),
        identity={
            "source": "fasta",
            "file": [str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns],
            "options": options.model_dump(mode="json"),
        },
        unreadable=len(records) - len(readable),
    )


def read(path: Path, asked: str = "data.source.path") -> list[Record]:
    """The records of a file, in their order.

    Args:
        path: of the file.
        asked: what messages call it.

    Raises:
        ConfigError: when it cannot be read, has no record, or letters in front of the first.
    """
    lines = text_of(path, asked, "a FASTA file").split("\n")
    parts: list[tuple[str, list[str], int]] = []
    for number, line in enumerate(map(str.strip, lines), start=1):
        if line.startswith(">"):
            parts.append((line[1:].strip(), [], number))
        elif line and not line.startswith(";"):
            if not parts:
                raise ConfigError(
                    f"{asked}: line {number} of {path} stands in front of the first "
                    "header; in a FASTA file every sequence follows a line that begins with '>'."
                )
            parts[-1][1].append("".join(line.split()).upper())
    if not parts:
        raise ConfigError(
            f"{asked}: {path} holds no sequence; in a FASTA file every sequence follows a "
            "line that begins with '>'."
        )
    return [Record(header, "".join(own).removesuffix("*"), n) for header, own, n in parts]


def inferred(records: Sequence[Record]) -> str:
    """The alphabet that sequences are most likely written in: a name of `ALPHABETS`."""
    counts = Counter("".join(record.letters for record in records))
    nucleic = sum(counts[letter] for letter in "ACGTUN")
    if nucleic < _NUCLEIC * sum(counts.values()):
        return "protein"
    return "rna" if counts["U"] > counts["T"] else "dna"


def _readable(records: Sequence[Record], alphabet: str, data: Data, path: Path) -> list[Record]:
    """Those that are written in the alphabet.

    Raises:
        ConfigError: where too many are not.
    """
    reasons = {record: reason for record in records if (reason := _fault(record, alphabet))}
    if reasons:
        first = next(iter(reasons.values()))
        said = f"{len(reasons)} of the {len(records)} sequences are no {alphabet} ({first})"
        if len(reasons) > data.max_corrupt_share * len(records):
            raise ConfigError(
                f"data.max_corrupt_share: received {data.max_corrupt_share:g}, but {said}; mend "
                "or remove them, raise the share, or set data.source.alphabet."
            )
        _logger.warning("%s: %s and are left out.", path, said)
    return [record for record in records if record not in reasons]


def _usable(records: Sequence[Record], alphabet: str, options: Fasta) -> list[Record]:
    """Those that are short enough and, if it is asked for, new.

    Raises:
        ConfigError: where less than two are.
    """
    kept = list(records)
    if options.unique:
        kept = list({record.letters: record for record in reversed(records)}.values())[::-1]
        _tell("data.source.unique: %d of the %d sequences are there again and", records, kept)
    most = options.length or max((len(record.letters) for record in kept), default=0)
    fitting = [record for record in kept if len(record.letters) <= most]
    if len(fitting) < 2:
        larger = ", or a larger data.source.length" if len(fitting) < len(kept) else ""
        raise ConfigError(
            f"data.source.path: {options.path} holds {len(fitting)} "
            f"{'different ' if options.unique else ''}sequences of {alphabet}"
            f"{f' of at most {most} letters' if larger else ''}, and training needs at least 2; "
            f"give more{larger}."
        )
    _tell("data.source.length: %d of the %d sequences have more letters and", kept, fitting)
    return fitting


def _tell(sentence: str, before: Sequence[Record], after: Sequence[Record]) -> None:
    lines = sorted({record.line for record in before} - {record.line for record in after})
    if lines:
        sentence += " are left out (%s)."
        _logger.warning(sentence, len(lines), len(before), in_lines(lines))


def _fault(record: Record, alphabet: str) -> str:
    """Why a record is no sequence of an alphabet; empty where it is one."""
    where = f"line {record.line}, {record.header.split(' ')[0]!r},"
    if not record.letters:
        return f"{where} has no letters"
    wrong = re.search(f"[^{ALPHABETS[alphabet]}]", record.letters)
    return f"{where} has {wrong[0]!r} at place {wrong.start() + 1}" if wrong else ""


def _table(
    kept: Sequence[Record],
    alphabet: str,
    labels: np.ndarray | None,
    options: Fasta,
    data: Data,
) -> Table:
    names, length = _names(kept, alphabet), max(len(record.letters) for record in kept)
    ids = ids_of([record.letters for record in kept], names, length)
    others = {}
    if options.properties:
        rows = [[_property(one, name) for name in options.properties] for one in kept]
        others["attributes"] = np.array(rows, np.float32)
    part = rows_of(ids, labels, Path(options.path).name, data, others=others)
    return Table(part, labels=labels)


def _fields(
    kept: Sequence[Record], alphabet: str, classes: tuple[str, ...], options: Fasta
) -> Mapping[str, Any]:
    _refuse_unknown_classes(classes, options)
    sites = {name: list(site) for name, site in options.sites.items()} or None
    field = field_of(alphabet, ends=_ends(kept), motif=options.motif, sites=sites)
    of_properties = {"attributes": attributes.field_of(options.properties)}
    return {"sample": field, **labelled(classes), **(of_properties if options.properties else {})}


def _names(kept: Sequence[Record], alphabet: str) -> tuple[str, ...]:
    return field_of(alphabet, ends=_ends(kept)).names


def _ends(kept: Sequence[Record]) -> bool:
    """Whether sequences are of several lengths."""
    return len({len(record.letters) for record in kept}) > 1


def _refuse_unknown_classes(classes: tuple[str, ...], options: Fasta) -> None:
    unknown = next((name for name in options.sites if name not in classes), None)
    if unknown is not None:
        known = ", ".join(classes) or "none: set data.source.label"
        raise ConfigError(
            f"data.source.sites: received the class {unknown!r}, and those of the headers are "
            f"{known}; name one of them."
        )


def _label(record: Record, which: int | str) -> str:
    """The header's word of that number, or what stands behind `NAME=`."""
    words = record.header.split()
    found = _value(record, which) if isinstance(which, str) else None
    if isinstance(which, int) and -len(words) <= which < len(words):
        found = words[which]
    if found is None:
        raise ConfigError(
            f"data.source.label: received {which!r}, but the header of line {record.line} has no "
            f"such word ({record.header!r}); give the number of a word, or NAME of a NAME=CLASS, "
            "that every header has."
        )
    return found


def _value(record: Record, name: str) -> str | None:
    """What stands behind `NAME=` in a header, percent-encoding undone."""
    found = re.search(rf"(?:^|\s){re.escape(name)}=(\S+)", record.header)
    return unquote(found[1]) if found else None


def _property(record: Record, name: str) -> float:
    """The number behind `NAME=` in a header."""
    found = _value(record, name)
    try:
        value = float(found) if found else np.nan
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise ConfigError(
            f"data.source.properties: received {name!r}, but the header of line {record.line} has "
            f"no number behind '{name}=' ({record.header!r}); write one in every header."
        )
    return value
