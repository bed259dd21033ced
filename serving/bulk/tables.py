"""Explicit samples from files: rows of seed and condition, and captions."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from serving.bulk.folders import FILE, INDEX
from serving.bulk.plans import Columns
from serving.description import Description, Signature
from serving.errors import UsageError
from serving.fields import ATTRIBUTES, LABEL, LATENT, SEED, STRING, TEXT, Field
from serving.files import file_system
from serving.latents import by_name, with_codes

TEXTS = Field((), STRING, TEXT)
_NUMBER = Field()


def read_rows(path: str, description: Description, signature: str | None = None) -> Columns:
    """Reads a .csv (with a header) or .parquet file: `seed`, the model's condition, and codes.

    A label's column holds names, or numbers where the model has no such name; `label_index` holds
    numbers only. Attributes have a column each, by their names; those that have none are the data's
    means. A code has a column of its name, or a continuous one of its number; those that have none
    are what the seed draws. A picture's column holds names of files, seen from the table's own
    folder.

    Args:
        path: of the table.
        description: of the model.
        signature: whose inputs the columns are; None for `generate` or `generate_conditional`.

    Raises:
        UsageError: the file cannot be read, a column is missing or none of the model's, or a
            value is not what the model takes.
    """
    cells = _parquet(path) if path.endswith(".parquet") else _csv(path)
    codes = _codes(cells, description) if signature is None else {}
    if codes:
        cells = {name: column for name, column in cells.items() if not _is_code(name, description)}
        inputs = _beside_codes(description)
    else:
        inputs = _signature(list(cells), description, signature).inputs
    cells = _with_vectors(cells, inputs)
    readers = _readers(path, list(cells), inputs)
    if not len(next(iter(cells.values()))):
        raise UsageError(f"rows: {path!r} has no rows; expected one a sample.")
    columns: Columns = {}
    for name, (column, read) in readers.items():
        values = [_cell(path, row, read, value) for row, value in enumerate(cells[column])]
        if inputs[name].is_file:
            columns[name + FILE] = TEXTS.check(name, values)
        else:
            columns[name] = inputs[name].check(name, values)
    return columns | (_checked(path, codes, description) if codes else {})


def _codes(cells: Mapping[str, list[Any]], description: Description) -> dict[str, list[Any]]:
    """The columns that are codes of the model's latents, by the codes' names."""
    own = {name: column for name, column in cells.items() if _is_code(name, description)}
    return by_name(description.latent_layout, own) if own else {}


def _is_code(column: str, description: Description) -> bool:
    """Whether a model with codes has one that is called so, or counted so."""
    names = description.code_names
    return column in names or (bool(names) and column.isdecimal())


def _beside_codes(description: Description) -> Mapping[str, Field]:
    """What samples of latents are made of beside them: a seed, and the condition of `decode`."""
    seed = description.signature("latents").inputs
    others = description.signature("decode").inputs
    return {**seed, **{name: field for name, field in others.items() if field.kind != LATENT}}


def _checked(path: str, codes: Mapping[str, list[Any]], description: Description) -> Columns:
    """Codes as float32 [n].

    Raises:
        UsageError: one is no finite number, or no category.
    """
    columns: Columns = {}
    for name, cells in codes.items():
        read = partial(_NUMBER.read, name)
        values = [_cell(path, row, read, cell) for row, cell in enumerate(cells)]
        columns[name] = _NUMBER.check(name, values)
    layout = description.latent_layout
    rows = len(next(iter(columns.values()), ()))
    with_codes(np.zeros((rows, sum(part["size"] for part in layout)), np.float32), layout, columns)
    return columns


def read_captions(path: str, seed: int, description: Description) -> Columns:
    """Reads a caption a line; sample i has the seed `seed` + i.

    Raises:
        UsageError: the model has no text condition, or the file cannot be read.
    """
    inputs = description.signature("generate_conditional" if _is_conditional(description)
                                   else "generate").inputs  # fmt: skip
    name = next((name for name, field in inputs.items() if field.kind == TEXT), None)
    if name is None:
        condition = [name for name, field in inputs.items() if field.kind != SEED]
        raise UsageError(
            "captions: this model has no text condition; it is conditional on "
            f"{' and '.join(condition) or 'nothing'}."
        )
    lines = [line.strip() for line in _text_of("captions", path).splitlines()]
    captions = [line for line in lines if line]
    if not captions:
        raise UsageError(f"captions: {path!r} holds none; expected one a line.")
    seeds = seed + np.arange(len(captions), dtype=np.int64)
    return {"seed": seeds, name: inputs[name].check(name, captions)}


def _signature(columns: Sequence[str], description: Description, asked: str | None) -> Signature:
    """The signature whose inputs the columns are, or that they are compared with."""
    if asked is not None:
        return description.signature(asked)
    has_condition = bool(set(columns) - {SEED})
    # A model that is told its condition may also draw it.
    draws = not has_condition and description.has_signature("generate")
    conditional = _is_conditional(description) and not draws
    return description.signature("generate_conditional" if conditional else "generate")


def _is_conditional(description: Description) -> bool:
    return description.has_signature("generate_conditional")


def _with_vectors(cells: dict[str, list[Any]], inputs: Mapping[str, Field]) -> dict[str, list[Any]]:
    """The columns of attributes put together as one, whose cells are attributes by name."""
    cells = dict(cells)
    for name, field in inputs.items():
        own = [column for column in cells if column in field.names]
        if field.kind == ATTRIBUTES and name not in cells and own:
            columns = [cells.pop(column) for column in own]
            cells[name] = [dict(zip(own, row, strict=True)) for row in zip(*columns, strict=True)]
    return cells


def _readers(
    path: str, columns: Sequence[str], inputs: Mapping[str, Field]
) -> dict[str, tuple[str, Callable[[Any], Any]]]:
    """For every input its column, and how a cell of that is read."""
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {}
    for name, field in inputs.items():
        if name in columns:
            readers[name] = name, str if field.is_file else partial(field.read, name)
        elif field.kind == LABEL and name + INDEX in columns:
            readers[name] = name + INDEX, partial(field.read_number, name)
        else:
            raise UsageError(
                f"rows: {path!r} has no column {name!r}; expected {', '.join(inputs)}, "
                f"found {', '.join(columns)}."
            )
    if extra := set(columns) - {column for column, _ in readers.values()}:
        raise UsageError(
            f"rows: {path!r} has a column {min(extra)!r}, which this model does not take; "
            f"expected {', '.join(inputs)}."
        )
    return readers


def _cell(path: str, row: int, read: Callable[[Any], Any], value: Any) -> Any:
    try:
        return read(value)
    except UsageError as error:
        raise UsageError(f"rows: row {row} of {path!r}: {error}") from error


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


def _text_of(field: str, path: str) -> str:
    try:
        return _content_of(field, path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{field}: {path!r} is no UTF-8 text: {error}") from error


def _content_of(field: str, path: str) -> bytes:
    try:
        return file_system(path).read(path)
    except OSError as error:
        raise UsageError(f"{field}: {path!r} cannot be read: {error}") from error
