"""SMILES files (.smi), for molecules: what programs of chemistry read."""

from collections.abc import Sequence

import numpy as np

from serving.bulk.formats import NO_COMPRESSION, Content, Format, Samples, Shard
from serving.bulk.formats.lines import LinesWriter, column, text_of
from serving.fields import as_values


class _Writer(LinesWriter):
    """A line a sample: its SMILES and, behind tabs, its columns, the seed first."""

    def __init__(self, shard: Shard) -> None:
        super().__init__(shard, "smi")

    def add(self, samples: Samples) -> None:
        columns = (as_values(samples.columns[name]) for name in self._content.columns)
        for row in zip(samples.values.tolist(), *columns, strict=True):
            self._text.write("\t".join(map(text_of, row)) + "\n")


def _read(paths: Sequence[str], content: Content) -> dict[str, np.ndarray]:
    (path,) = paths
    with open(path, encoding="utf-8", newline="") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    names = {content.output: content.dtype, **content.columns}
    columns = zip(names.items(), zip(*rows, strict=True), strict=True)
    return {name: column(cells, dtype) for (name, dtype), cells in columns}


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
