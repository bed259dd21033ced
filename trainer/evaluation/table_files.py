"""Rows of a table in files of any program: CSV or Parquet, one file or a folder of them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from trainer.catalogue import TableFile
from trainer.catalogue.sources.tables import AnyTable
from trainer.data.columns import MISSING, Column, columns_of
from trainer.data.modalities import table as modality
from trainer.data.sources import table
from trainer.data.sources.generated import MANIFEST
from trainer.errors import ConfigError
from trainer.fields import Field

# Name of a column → a text a row; what is missing is empty.
Texts = Mapping[str, np.ndarray]


def read(path: str, reference: AnyTable) -> Texts:
    """The columns of a file, or of all CSV and Parquet files of a folder.

    They have the names of the reference, or those that it renames; its texts stand for what is
    missing, and its delimiter parts cells, but in what `gan generate` wrote.

    Raises:
        ConfigError: for what cannot be read, and files of different columns.
    """
    place = Path(path).expanduser()
    files = _files(place)
    if not files:
        raise ConfigError(
            f"TARGET: {path!r} holds no rows of a table, which the real samples are; give a .csv "
            "or .parquet file, or a folder of some."
        )
    parts = [_columns(file, reference, generated=(place / MANIFEST).exists()) for file in files]
    names = list(parts[0])
    other = next((f for f, part in zip(files, parts, strict=True) if list(part) != names), None)
    if other is not None:
        raise ConfigError(
            f"TARGET: the columns of {other} are not those of {files[0]}; give files of the same."
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def _files(place: Path) -> list[Path]:
    visible = sorted(place.iterdir()) if place.is_dir() else [place]
    return [file for file in visible if table.is_table(file) and not file.name.startswith(".")]


def _columns(file: Path, reference: AnyTable, *, generated: bool) -> dict[str, np.ndarray]:
    asked: dict[str, object] = {"path": str(file)}
    renamed: Mapping[str, str] = {}
    if isinstance(reference, TableFile):
        renamed = reference.rename
        asked["missing"] = reference.missing
        asked |= {} if generated else {"delimiter": reference.delimiter}
    try:
        names, cells = table.read(TableFile.model_validate(asked))
    except ConfigError as error:
        sentence = str(error).removeprefix("data.source.path: ")
        raise ConfigError(f"TARGET: {sentence}") from error
    texts = (np.array(own.texts, object)[own.numbers] for own in cells)
    return dict(zip((renamed.get(name, name) for name in names), texts, strict=True))


def rows_of(texts: Texts, field: Field) -> np.ndarray:
    """Rows as they are stored, float32 [n, C]; columns that the reference lacks are left out.

    Raises:
        ConfigError: for a column that is not there, and cells that it cannot hold.
    """
    columns = {column.name: column for column in columns_of(field)}
    named = {name: _values(texts[name], columns[name]) for name in columns if name in texts}
    return modality.rows_of(named, field)


def _values(texts: np.ndarray, column: Column) -> np.ndarray:
    """The cells of a column as `trainer.data.modalities.table.outputs` has them."""
    if column.is_category:
        return texts
    try:
        return np.where(texts == MISSING, "nan", texts).astype(np.float32)
    except ValueError as error:
        raise ConfigError(
            f"TARGET: its column {column.name!r} should hold numbers, as the data's does "
            f"({error}); mend it."
        ) from error
