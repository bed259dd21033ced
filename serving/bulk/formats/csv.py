"""CSV files, for samples that are one number or one text: captions, scores, columns of a table."""

import csv
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.bulk.formats import NO_COMPRESSION, Content, Format, Samples, Shard
from serving.bulk.formats.lines import LinesWriter, column, text_of
from serving.fields import as_values


class _Writer(LinesWriter):
    """A line a sample: its columns, then the sample itself; columns of a table in their order."""

    def __init__(self, shard: Shard) -> None:
        super().__init__(shard, "csv")
        self._lines = csv.writer(self._text, lineterminator="\n")
        self._lines.writerow(shard.content.names)

    def add(self, samples: Samples) -> None:
        named = {**samples.columns, self._content.output: samples.values}
        columns = [as_values(named[name]) for name in self._content.names]
        for row in zip(*columns, strict=True):
            self._lines.writerow([_cell(value) for value in row])


def _cell(value: Any) -> str:
    """A missing number is an empty cell."""
    if isinstance(value, float) and math.isnan(value):
        return ""
    return text_of(value)


def _read(paths: Sequence[str], content: Content) -> dict[str, np.ndarray]:
    (path,) = paths
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    types = {**content.columns, content.output: content.dtype}
    return {name: column([row[name] for row in rows], dtype) for name, dtype in types.items()}


FORMAT = Format(
    "csv",
    (NO_COMPRESSION,),
    _Writer,
    _read,
    singles_only=True,
    keeps_texts=True,
    keeps_arrays=False,
)
