"""The lines of a text file as sequences of characters or words."""

import logging
from pathlib import Path

import numpy as np

from trainer.catalogue import Lines
from trainer.config.experiment import Data
from trainer.data.reading import Part, Row, Source, Table
from trainer.errors import ConfigError
from trainer.fields import Field

_logger = logging.getLogger("saddlepoint")

# Ends a line, and fills what is left of its row.
END = "<end>"


def open_source(data: Data) -> Source:
    """Reads the lines: field `sample` of kind tokens, int32 [length], filled up with the end.

    The vocabulary is every symbol of the lines, sorted, behind the end. Empty lines are left out,
    and lines of more symbols than `length`, which the log counts.

    Raises:
        ConfigError: for a file that cannot be read as UTF-8 text, and for less than two lines.
    """
    options = data.source
    assert isinstance(options, Lines)
    path = Path(options.path).expanduser()
    sequences = _sequences(path, options)
    length = options.length or max(map(len, sequences))
    kept = [sequence for sequence in sequences if len(sequence) <= length]
    _tell_of_longer_ones(len(sequences), len(kept), options)
    vocabulary = (END, *sorted({symbol for sequence in kept for symbol in sequence} - {END}))
    numbers = {symbol: number for number, symbol in enumerate(vocabulary)}

    def row(sequence: list[str], index: int) -> Row:
        ids = np.zeros(length, np.int32)
        ids[: len(sequence)] = [numbers[symbol] for symbol in sequence]
        return Row({"sample": ids}, f"{path.name} line {index + 1}")

    rows = (row(sequence, index) for index, sequence in enumerate(kept))
    status = path.stat()
    return Source(
        tables=(Table(Part(rows, len(kept))),),
        fields={"sample": Field(kind="tokens", names=vocabulary, about=_reading(options))},
        identity={
            "source": "lines",
            "file": [str(path.resolve()), status.st_size, status.st_mtime_ns],
            "options": [options.level, options.length],
        },
    )


def _reading(options: Lines) -> dict[str, str]:
    """What stands between symbols where they are read."""
    return {"separator": "" if options.level == "character" else " "}


def _sequences(path: Path, options: Lines) -> list[list[str]]:
    """The symbols of every line that is not empty."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigError(
            f"data.source.path: {path} cannot be read ({error.strerror}); give the path of a text "
            "file on a local disk."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"data.source.path: {path} is not UTF-8 text (byte {error.start}); save it as UTF-8."
        ) from error
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise ConfigError(
            f"data.source.path: {path} holds {len(lines)} lines with text, and training needs at "
            "least 2; put one example on each line."
        )
    return [line.split() if options.level == "word" else list(line) for line in lines]


def _tell_of_longer_ones(found: int, kept: int, options: Lines) -> None:
    if kept < 2:
        raise ConfigError(
            f"data.source.length: received {options.length}, and {found - kept} of {found} lines "
            "have more symbols; take a larger number, or null for the longest line's."
        )
    if kept < found:
        _logger.warning(
            "data.source.length: %d of the %d lines have more than %d symbols and are left out.",
            found - kept,
            found,
            options.length,
        )
