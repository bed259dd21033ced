"""Columns of a shard as short JSON: seeds that follow each other become one run.

Integers become runs `[value, step, length]` with a step of 0 or 1; everything else stays a list.
"""

from typing import Any

import numpy as np


def pack(column: np.ndarray) -> dict[str, Any]:
    """Returns [n] values, or float [n, k], as a JSON object that `unpack` reads."""
    if column.dtype.kind in "iu":
        return {"runs": _runs(column.astype(np.int64))}
    if column.dtype == object:
        return {"text": [value.decode() if isinstance(value, bytes) else value for value in column]}
    return {"numbers": column.tolist()}


def unpack(packed: dict[str, Any]) -> np.ndarray:
    """Returns the values of a packed column: int64, float32 or objects of bytes."""
    if "text" in packed:
        return np.array([text.encode() for text in packed["text"]], object)
    if "numbers" in packed:
        return np.array(packed["numbers"], np.float32)
    parts = [value + step * np.arange(n, dtype=np.int64) for value, step, n in packed["runs"]]
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _runs(values: np.ndarray) -> list[list[int]]:
    runs: list[list[int]] = []
    for value in values.tolist():
        start, step, length = runs[-1] if runs else (0, 0, 0)
        if length == 1 and value - start in (0, 1):
            runs[-1] = [start, value - start, 2]
        elif length > 1 and value == start + step * length:
            runs[-1][2] += 1
        else:
            runs.append([value, 0, 1])
    return runs
