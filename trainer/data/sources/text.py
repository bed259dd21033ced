"""The lines of a text file as sequences of words or characters."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trainer.catalogue import TextFile
from trainer.config.experiment import Data
from trainer.data.reading import Part, Row, Source, Table, in_lines, text_of
from trainer.data.symbols import END, UNKNOWN, parted, reading
from trainer.errors import ConfigError
from trainer.fields import Field

_logger = logging.getLogger("saddlepoint")


class _Line(NamedTuple):
    """A line's number in its file, from 1 on, and its symbols."""

    number: int
    symbols: list[str]


def open_source(data: Data) -> Source:
    """Reads the lines: field `sample` of kind tokens, int32 [length], filled up with the end.

    The vocabulary is made of the lines of `path`: the end, the unknown symbol where one is needed,
    and the others, sorted. Empty lines are left out, and lines of more symbols than `length`, which
    the log counts.

    Raises:
        ConfigError: for a file that cannot be read as UTF-8 text, and for less than two lines.
    """
    options = data.source
    assert isinstance(options, TextFile)
    found = _lines(options.path, options.level, "path")
    length = options.length or max(len(line.symbols) for line in found)
    kept = _short_ones(found, length, "path")
    held_out: list[_Line] = []
    if options.held_out is not None:
        lines = _lines(options.held_out, options.level, "held_out")
        held_out = _short_ones(lines, length, "held_out")
    names = _vocabulary(kept, held_out, options)
    part = Part(_rows(kept, options.path, names, length), len(kept))
    other = None
    if options.held_out is not None:
        other = Part(_rows(held_out, options.held_out, names, length), len(held_out))
    return Source(
        tables=(Table(part, other),),
        fields={"sample": Field(kind="tokens", names=names, about=reading(options.level))},
        identity={
            "source": "text",
            "files": [_identity(path) for path in (options.path, options.held_out) if path],
            "options": options.model_dump(mode="json", exclude={"path", "held_out"}),
        },
    )


def _lines(path: str, level: str, option: str) -> list[_Line]:
    """The lines that are not empty, by their numbers."""
    place = Path(path).expanduser()
    text = text_of(place, f"data.source.{option}", "a text file")
    # What else Python takes for the end of a line may stand within a text.
    numbered = enumerate(text.split("\n"), 1)
    found = [_Line(number, parted(line.strip(), level)) for number, line in numbered]
    lines = [line for line in found if line.symbols]
    if len(lines) < 2:
        raise ConfigError(
            f"data.source.{option}: {place} holds {len(lines)} lines with text, and at least 2 are "
            "needed; put one example on each line."
        )
    return lines


def _short_ones(lines: Sequence[_Line], length: int, option: str) -> list[_Line]:
    """The lines of at most `length` symbols."""
    kept = [line for line in lines if len(line.symbols) <= length]
    longer = [line.number for line in lines if len(line.symbols) > length]
    if len(kept) < 2:
        raise ConfigError(
            f"data.source.length: received {length}, and {len(longer)} of {len(lines)} lines of "
            f"data.source.{option} have more symbols; take a larger number, or null for the "
            "longest line's."
        )
    if longer:
        _logger.warning(
            "data.source.%s: %d of the %d lines have more than %d symbols and are left out (%s).",
            *(option, len(longer), len(lines), length, in_lines(longer)),
        )
    return kept


def _vocabulary(
    lines: Sequence[_Line], held_out: Sequence[_Line], options: TextFile
) -> tuple[str, ...]:
    """The end, the unknown symbol where some are not known, and the symbols that are."""
    counts = Counter(symbol for line in lines for symbol in line.symbols)
    frequent = [symbol for symbol in counts if counts[symbol] >= options.min_count]
    ranked = sorted(frequent, key=lambda symbol: (-counts[symbol], symbol))
    known = set(ranked[: options.vocabulary]) - {END, UNKNOWN}
    if not known:
        raise ConfigError(
            f"data.source.min_count: received {options.min_count}, and no symbol of "
            f"{options.path} occurs as often; take a smaller number."
        )
    rare = counts.keys() - known - {END}
    if rare:
        _logger.warning(
            "data.source: %d of %d symbols, such as %r, are rare and written as %s.",
            *(len(rare), len(counts), min(rare), UNKNOWN),
        )
    unseen = {symbol for line in held_out for symbol in line.symbols} - known - {END}
    return (END, *([UNKNOWN] if rare or unseen else []), *sorted(known))


def _rows(lines: Sequence[_Line], path: str, names: Sequence[str], length: int) -> Iterator[Row]:
    numbers = {symbol: number for number, symbol in enumerate(names)}
    unknown = numbers.get(UNKNOWN, 0)
    for line in lines:
        ids = np.zeros(length, np.int32)
        ids[: len(line.symbols)] = [numbers.get(symbol, unknown) for symbol in line.symbols]
        yield Row({"sample": ids}, f"{Path(path).name} line {line.number}")


def _identity(path: str) -> list[object]:
    status = Path(path).expanduser().stat()
    return [str(Path(path).expanduser().resolve()), status.st_size, status.st_mtime_ns]
