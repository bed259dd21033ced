"""CSV files, for samples that are one number or one text: captions, scores, columns of a table."""

import csv
import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.bulk.formats import NO_COMPRESSION, Content, File, Format, Samples, Shard, Written
from serving.fields import STRING


class _Writer:
    """A line a sample: its columns, then the sample itself; columns of a table in their order."""

    def __init__(self, shard: Shard) -> None:
        self._content = shard.content
        self._file = File(os.path.join(shard.scratch, "shard.csv"), f"samples-{shard.name}.csv")
        self._text = open(  # noqa: SIM115 - until close()
            self._file.local, "w", encoding="utf-8", newline=""
        )
        self._lines = csv.writer(self._text, lineterminator="\n")
        self._lines.writerow(shard.content.names)

    def add(self, samples: Samples) -> None:
        named = {**samples.columns, self._content.output: samples.values}
        columns = [named[name].tolist() for name in self._content.names]
        for row in zip(*columns, strict=True):
            self._lines.writerow([_cell(value) for value in row])

    def close(self) -> Written:
        self._text.close()
        return Written.read(self._file)

    def abandon(self) -> None:
        self._text.close()


def _cell(value: Any) -> Any:
    """A missing number is an empty cell."""
    if isinstance(value, float) and math.isnan(value):
        return ""
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _read(paths: Sequence[str], content: Content) -> dict[str, np.ndarray]:
    (path,) = paths
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    types = {**content.columns, content.output: content.dtype}
    return {name: _column([row[name] for row in rows], dtype) for name, dtype in types.items()}


def _column(cells: Sequence[str], dtype: str) -> np.ndarray:
    if dtype == STRING:
        return np.array([cell.encode() for cell in cells], object)
    if np.dtype(dtype).kind == "f":
        cells = [cell or "nan" for cell in cells]
    return np.array(cells).astype(dtype)


FORMAT = Format(
    "csv",
    (NO_COMPRESSION,),
    _Writer,
    _read,
    singles_only=True,
    keeps_texts=True,
    keeps_arrays=False,
)
