"""Explicit samples from files: rows of seed and condition, and captions."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from serving.bulk.files import file_system
from serving.bulk.plans import MAX_SEED, Columns
from serving.description import Description
from serving.errors import UsageError


def read_rows(path: str, description: Description) -> Columns:
    """Reads a .csv (with a header) or .parquet file: `seed`, and `label` or `text`.

    Raises:
        UsageError: the file cannot be read, a column is missing or none of the model's, or a
            value is out of range.
    """
    columns = _parquet(path) if path.endswith(".parquet") else _csv(path)
    _check_names(path, list(columns), description)
    found = {
        name: _texts(values) if name == "text" else _integers(path, name, values)
        for name, values in columns.items()
    }
    if not len(found["seed"]):
        raise UsageError(f"rows: {path!r} has no rows; expected one a sample.")
    if "label" in found:
        description.check_labels(found["label"])
    return found


def read_captions(path: str, seed: int, description: Description) -> Columns:
    """Reads a caption a line; sample i has the seed `seed` + i.

    Raises:
        UsageError: the model has no text condition, or the file cannot be read.
    """
    if _condition(description) != "text":
        raise UsageError(
            "captions: this model has no text condition; it is conditional on "
            f"{_condition(description) or 'nothing'}."
        )
    lines = [line.strip() for line in _text_of("captions", path).splitlines()]
    captions = [line for line in lines if line]
    if not captions:
        raise UsageError(f"captions: {path!r} holds none; expected one a line.")
    seeds = seed + np.arange(len(captions), dtype=np.int64)
    return {"seed": seeds, "text": _texts(captions)}


def _check_names(path: str, names: Sequence[str], description: Description) -> None:
    condition = _condition(description)
    may = ["seed"] + ([condition] if condition else [])
    # A model that is told its label may also draw it.
    must = [name for name in may if name == "seed" or not description.has_signature("generate")]
    if "seed" not in names or set(must) - set(names):
        missing = next(name for name in must if name not in names)
        raise UsageError(
            f"rows: {path!r} has no column {missing!r}; expected {', '.join(may)}, "
            f"found {', '.join(names)}."
        )
    if extra := [name for name in names if name not in may]:
        raise UsageError(
            f"rows: {path!r} has a column {extra[0]!r}, which this model does not take; "
            f"expected {', '.join(may)}."
        )


def _condition(description: Description) -> str | None:
    """The column of the model's condition: "label", "text" or None."""
    if not description.has_signature("generate_conditional"):
        return None
    inputs = set(description.inputs("generate_conditional")) - {"seed"}
    return next(iter(sorted(inputs)), None)


def _csv(path: str) -> dict[str, list[Any]]:
    reader = csv.reader(io.StringIO(_text_of("rows", path)))
    names = [name.strip() for name in next(reader, [])]
    if len(set(names)) < len(names):
        raise UsageError(f"rows: a column of {path!r} is there twice; each has one name.")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(names):
            raise UsageError(
                f"rows: line {reader.line_num} of {path!r} has {len(cells)} values for "
                f"{len(names)} columns."
            )
        for name, cell in zip(names, cells, strict=True):
            columns[name].append(cell.strip())
    return columns


def _parquet(path: str) -> dict[str, list[Any]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(
            "rows: Parquet files need the package 'pyarrow', which is not installed; "
            "pip install 'saddlepoint[batch]', or pass a .csv file."
        ) from error
    try:
        table = pyarrow.parquet.read_table(pyarrow.BufferReader(_content_of("rows", path)))
    except pyarrow.ArrowInvalid as error:
        raise UsageError(f"rows: {path!r} cannot be read as Parquet: {error}") from error
    return {name: table[name].to_pylist() for name in table.column_names}


def _integers(path: str, name: str, values: Sequence[Any]) -> np.ndarray:
    numbers = []
    for row, value in enumerate(values):
        try:
            number = int(value) if not isinstance(value, float) else None
        except (TypeError, ValueError):
            number = None
        if number is None or not -MAX_SEED - 1 <= number <= MAX_SEED:
            raise UsageError(
                f"rows: {name!r} of row {row} in {path!r} is {value!r}; expected a whole number "
                "of 64 bits."
            )
        numbers.append(number)
    return np.array(numbers, np.int64)


def _texts(values: Sequence[Any]) -> np.ndarray:
    texts = np.empty(len(values), object)
    texts[:] = [str(value).encode() for value in values]
    return texts


def _text_of(field: str, path: str) -> str:
    try:
        return _content_of(field, path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{field}: {path!r} is no UTF-8 text: {error}") from error


def _content_of(field: str, path: str) -> bytes:
    try:
        return file_system(path).read(path)
    except (OSError, tf.errors.OpError) as error:
        raise UsageError(f"{field}: {path!r} cannot be read: {error}") from error
