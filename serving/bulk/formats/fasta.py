"""FASTA files, for samples that are sequences of letters: DNA, RNA and proteins."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from serving.bulk.formats import NO_COMPRESSION, Content, Format, Samples, Shard
from serving.bulk.formats.lines import LinesWriter, column, text_of
from serving.errors import UsageError
from serving.fields import as_values

# Letters of a line.
_WIDTH = 60
_LETTERS = re.compile("[A-Za-z*-]*")


class _Writer(LinesWriter):
    """A record a sample: its id and NAME=VALUE for each column, then the letters.

    A label has its name; what a word cannot hold (spaces, `%`) is percent-encoded.
    """

    def __init__(self, shard: Shard) -> None:
        super().__init__(shard, "fasta")

    def add(self, samples: Samples) -> None:
        columns = {name: as_values(values) for name, values in samples.columns.items()}
        for place, value in enumerate(samples.values.tolist()):
            number = samples.first + place
            words = [f"{number:0{self._content.id_digits}d}"]
            words += [f"{n}={self._word(n, values[place])}" for n, values in columns.items()]
            self._text.write(f">{' '.join(words)}\n{_lines(number, value)}")

    def _word(self, name: str, value: Any) -> str:
        if name == "label" and self._content.label_names:
            value = self._content.label_names[int(value)]
        return quote(text_of(value), safe="/:;,+()'|")


def _lines(number: int, value: Any) -> str:
    """The letters of a sample, line by line."""
    text = text_of(value)
    if not isinstance(value, bytes | str) or not _LETTERS.fullmatch(text):
        raise UsageError(
            f"format: 'fasta' holds sequences of letters, and sample {number} is {text[:40]!r}; "
            "use 'csv' or 'parquet'."
        )
    return "".join(f"{text[i : i + _WIDTH]}\n" for i in range(0, len(text), _WIDTH))


def _read(paths: Sequence[str], content: Content) -> dict[str, np.ndarray]:
    (path,) = paths
    with open(path, encoding="utf-8") as file:
        records = [record.split("\n") for record in file.read().split(">")[1:]]
    texts = ["".join(lines).encode() for _, *lines in records]
    words = [dict(word.split("=", 1) for word in head.split(" ")[1:]) for head, *_ in records]
    columns = {n: [unquote(row[n]) for row in words] for n in content.columns}
    arrays = {n: _column(n, columns[n], dtype, content) for n, dtype in content.columns.items()}
    return {content.output: np.array(texts, object), **arrays}


def _column(name: str, cells: list[str], dtype: str, content: Content) -> np.ndarray:
    if name == "label" and content.label_names:
        numbers: Mapping[str, int] = {text: i for i, text in enumerate(content.label_names)}
        return np.array([numbers[cell] for cell in cells], dtype)
    return column(cells, dtype)


FORMAT = Format(
    "fasta",
    (NO_COMPRESSION,),
    _Writer,
    _read,
    singles_only=True,
    keeps_texts=True,
    keeps_arrays=False,
)
