"""What formats that are lines of text have in common."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.bulk.formats import File, Shard, Written
from serving.fields import STRING


class LinesWriter:
    """A file of text of a shard; a subclass adds samples to it.

    Args:
        shard: what is written.
        ending: of the file's name, without the dot.
    """

    def __init__(self, shard: Shard, ending: str) -> None:
        self._content = shard.content
        local = os.path.join(shard.scratch, f"shard.{ending}")
        self._file = File(local, f"samples-{shard.name}.{ending}")
        self._text = open(  # noqa: SIM115 - until close()
            local, "w", encoding="utf-8", newline=""
        )

    def close(self) -> Written:
        """Ends the file, which then counts."""
        self._text.close()
        return Written.read(self._file)

    def abandon(self) -> None:
        """Ends the file, which does not count."""
        self._text.close()


def text_of(value: Any) -> str:
    """A value as a file of text has it."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def column(cells: Sequence[str], dtype: str) -> np.ndarray:
    """The values of cells; texts as bytes, and an empty cell of fractions is a missing number."""
    if dtype == STRING:
        return np.array([cell.encode() for cell in cells], object)
    if np.dtype(dtype).kind == "f":
        cells = [cell or "nan" for cell in cells]
    return np.array(cells).astype(dtype)
