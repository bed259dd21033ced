"""SMILES files (.smi), for molecules: what programs of chemistry read."""

import os
from collections.abc import Sequence

import numpy as np

from serving.bulk.formats import NO_COMPRESSION, Content, File, Format, Samples, Shard, Written
from serving.fields import STRING


class _Writer:
    """A line a sample: its SMILES and, behind tabs, its columns, the seed first."""

    def __init__(self, shard: Shard) -> None:
        self._content = shard.content
        self._file = File(os.path.join(shard.scratch, "shard.smi"), f"samples-{shard.name}.smi")
        self._text = open(  # noqa: SIM115 - until close()
            self._file.local, "w", encoding="utf-8", newline=""
        )

    def add(self, samples: Samples) -> None:
        columns = (samples.columns[name].tolist() for name in self._content.columns)
        for row in zip(samples.values.tolist(), *columns, strict=True):
            self._text.write("\t".join(map(_cell, row)) + "\n")

    def close(self) -> Written:
        self._text.close()
        return Written.read(self._file)

    def abandon(self) -> None:
        self._text.close()


def _cell(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _read(paths: Sequence[str], content: Content) -> dict[str, np.ndarray]:
    (path,) = paths
    with open(path, encoding="utf-8", newline="") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    names = {content.output: content.dtype, **content.columns}
    columns = zip(names.items(), zip(*rows, strict=True), strict=True)
    return {name: _column(cells, dtype) for (name, dtype), cells in columns}


def _column(cells: Sequence[str], dtype: str) -> np.ndarray:
    if dtype == STRING:
        return np.array([cell.encode() for cell in cells], object)
    return np.array(cells).astype(dtype)


FORMAT = Format(
    "smi",
    (NO_COMPRESSION,),
    _Writer,
    _read,
    molecules_only=True,
    singles_only=True,
    keeps_texts=True,
    keeps_arrays=False,
)
