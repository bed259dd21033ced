"""The rows of a CSV or Parquet file, columns of texts and numbers with gaps."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trainer.catalogue import TableFile
from trainer.config.experiment import Data
from trainer.data.columns import Cells, check_apart, check_names
from trainer.data.reading import Source, decoded
from trainer.data.tables import source_of
from trainer.errors import ConfigError

# What parts the cells of CSV files that were not written with commas.
_DELIMITERS = (";", "\t", "|", ",")


def open_source(data: Data) -> Source:
    """Reads a file and infers what its columns hold.

    Cells of CSV files are taken without the spaces around them; empty lines are left out.

    Raises:
        ConfigError: for a file that cannot be read, less than two rows, lines of unequal length,
            names that are not there or there twice, and columns that cannot be used.
    """
    options = data.source
    assert isinstance(options, TableFile)
    path = Path(options.path).expanduser()
    names, cells = read(options)
    _check_known(names, options, path.name)
    renamed = [options.rename.get(name, name) for name in names]
    triples = zip(names, renamed, cells, strict=True)
    kept = [(new, own) for old, new, own in triples if old not in options.leave_out]
    check_names([name for name, _ in kept], path.name)
    if not kept:
        raise ConfigError("data.source.leave_out: no column is left; leave out fewer.")
    status = path.stat()
    written = options.model_dump(mode="json")
    return source_of(
        dict(kept),
        data,
        path.name,
        identity={
            "source": "table",
            "file": [str(path.resolve()), status.st_size, status.st_mtime_ns],
            "options": {k: v for k, v in written.items() if k not in ("name", "path", "modes")},
        },
        kinds=options.kinds,
    )


def is_table(path: Path) -> bool:
    """Whether a file's name says that it holds a table."""
    return path.name.lower().endswith(TableFile.endings)


def read(options: TableFile) -> tuple[list[str], list[Cells]]:
    """The names of a file's columns, and their cells.

    Raises:
        ConfigError: for a file that cannot be read, less than two rows, lines of unequal length,
            and names that are not there or there twice.
    """
    path = Path(options.path).expanduser()
    return _parquet(path, options) if path.suffix == ".parquet" else _csv(path, options)


def _check_known(names: Sequence[str], options: TableFile, origin: str) -> None:
    """Refuses options that name a column which is not there.

    Raises:
        ConfigError: naming the option.
    """
    for option in ("leave_out", "rename"):
        unknown = next((name for name in getattr(options, option) if name not in names), None)
        if unknown is not None:
            raise ConfigError(
                f"data.source.{option}: received {unknown!r}, but the columns of {origin} are "
                f"{', '.join(names)}; name some of them."
            )


# ---- CSV ----------------------------------------------------------------------------------------


def _csv(path: Path, options: TableFile) -> tuple[list[str], list[Cells]]:
    """Names of the columns, and their cells."""
    lines = _lines(path, options)
    first = next(lines, None)
    if first is None:
        raise ConfigError(f"data.source.path: {path} is empty; give a file with rows.")
    names = list(options.columns) if options.columns is not None else first
    _check_parted(path, names, options)
    check_apart(names, path.name)
    rows = [first] if options.columns is not None else []
    rows += lines
    _check_rows(path, names, rows, options)
    return names, [Cells(column, options.missing) for column in zip(*rows, strict=True)]


def _lines(path: Path, options: TableFile) -> Iterator[list[str]]:
    """The cells of every line that is not empty."""
    opened: Any = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            text = decoded(file.read(), path, "data.source.path")
        lines = io.StringIO(text, newline="")
        for cells in csv.reader(lines, delimiter=options.delimiter, skipinitialspace=True):
            if cells:
                yield [cell.strip() for cell in cells]
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise ConfigError(
            f"data.source.path: {path} cannot be read ({getattr(error, 'strerror', None) or error})"
            "; give the path of a CSV or Parquet file on a local disk."
        ) from error


def _check_parted(path: Path, names: Sequence[str], options: TableFile) -> None:
    """Refuses a single column whose name another delimiter parts.

    Raises:
        ConfigError: naming the delimiter that does.
    """
    name = names[0]
    other = next((mark for mark in _DELIMITERS if mark in name), None)
    if len(names) == 1 and other is not None and options.columns is None:
        raise ConfigError(
            f"data.source.delimiter: received {options.delimiter!r}, by which {path} has one "
            f"column, {name!r}; set it to {json.dumps(other)}."
        )


def _check_rows(
    path: Path, names: Sequence[str], rows: Sequence[Sequence[str]], options: TableFile
) -> None:
    """Refuses lines of another length than the names, and less than two rows.

    Raises:
        ConfigError: naming the row.
    """
    if len(rows) < 2:
        header = "" if options.columns is not None else " below its first line, the header"
        raise ConfigError(
            f"data.source.path: {path} has {len(rows)} rows{header}, and training needs at least "
            "2; a file without a header has its names in data.source.columns."
        )
    for number, row in enumerate(rows):
        if len(row) != len(names):
            raise ConfigError(
                f"data.source.path: row {number + 1} of {path} has {len(row)} cells for "
                f"{len(names)} columns; mend it, or set data.source.delimiter."
            )


# ---- Parquet ------------------------------------------------------------------------------------


def _parquet(path: Path, options: TableFile) -> tuple[list[str], list[Cells]]:
    """Names of the columns, and their cells as texts."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ConfigError(
            "data.source.path: Parquet files need the package 'pyarrow', which is not installed; "
            "pip install 'saddlepoint[batch]', or give a .csv file."
        ) from error
    try:
        table = pyarrow.parquet.read_table(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise ConfigError(
            f"data.source.path: {path} cannot be read as Parquet ({error}); give another file."
        ) from error
    names = [name.strip() for name in table.column_names]
    check_apart(names, path.name)
    if table.num_rows < 2:
        raise ConfigError(
            f"data.source.path: {path} has {table.num_rows} rows, and training needs at least 2."
        )
    columns = (table.column(place).to_pylist() for place in range(table.num_columns))
    return names, [Cells([_text(x) for x in column], options.missing) for column in columns]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value).strip()
