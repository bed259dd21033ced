"""From columns of cells to a source: rows as numbers, and what training rows say of each column."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from trainer.catalogue.sources.tables import AnyTable
from trainer.config.experiment import Data
from trainer.data.columns import MISSING, Cells, Column, Kind, field_of, inferred, measured
from trainer.data.examples import Dataset
from trainer.data.modes import fitted
from trainer.data.reading import Part, Row, Source, Table
from trainer.errors import ConfigError

_logger = logging.getLogger("saddlepoint")

# Categories of a column, of which there are many where rows have one each.
_MANY = 100


def source_of(
    cells: Mapping[str, Cells],
    data: Data,
    origin: str,
    identity: Mapping[str, object],
    kinds: Mapping[str, Kind] | None = None,
) -> Source:
    """A table of columns as a source: field `sample` of kind table, float32 [C].

    Classes of the predicted column are held out in proportion. Shares, ranges and modes are those
    of the training rows.

    Args:
        cells: of every column, by its name, as many in each.
        data: whose source says what is predicted.
        origin: for messages.
        identity: of the source.
        kinds: of columns that are not to be inferred.

    Raises:
        ConfigError: for columns that cannot be used; see `trainer.data.columns.inferred`.
    """
    options = data.source
    assert isinstance(options, AnyTable)
    _check_named(cells, options.predicted, kinds or {}, origin)
    cells = _with_values(cells, options.predicted, origin)
    columns, values = _columns(cells, options.predicted, kinds or {}, origin)
    _tell_of_useless(columns, values, origin)
    predicted = None if options.predicted is None else list(cells).index(options.predicted)
    return Source(
        tables=(Table(_part(values, origin), labels=_classes(columns, values, predicted)),),
        fields={"sample": field_of(columns, options.predicted)},
        identity=identity,
        derive=lambda dataset: _measured(dataset, columns, options),
    )


def _with_values(
    cells: Mapping[str, Cells], predicted: str | None, origin: str
) -> Mapping[str, Cells]:
    """The columns that have a value at all, and the predicted one.

    Raises:
        ConfigError: where there is none.
    """
    kept = {n: own for n, own in cells.items() if n == predicted or own.texts != [MISSING]}
    if not kept:
        raise ConfigError(f"data.source: no column of {origin} has a value; give others.")
    for name in (name for name in cells if name not in kept):
        _logger.warning(
            "data.source: column %r of %s has no value at all and is left out.", name, origin
        )
    return kept


def _columns(
    cells: Mapping[str, Cells], predicted: str | None, kinds: Mapping[str, Kind], origin: str
) -> tuple[list[Column], np.ndarray]:
    """The columns, and their rows float32 [n, C]."""
    columns: list[Column] = []
    rows: list[np.ndarray] = []
    for name, own in cells.items():
        column, values = inferred(
            name, own, kinds.get(name), origin, is_predicted=name == predicted
        )
        columns.append(measured(column, values))
        rows.append(values)
    return columns, np.stack(rows, axis=1)


def _check_named(
    cells: Mapping[str, Cells], predicted: str | None, kinds: Mapping[str, Kind], origin: str
) -> None:
    """Refuses options that name a column which is not there.

    Raises:
        ConfigError: naming the option.
    """
    named = {"predicted": predicted} | {f"kinds.{name}": name for name in kinds}
    for option, name in named.items():
        if name is not None and name not in cells:
            raise ConfigError(
                f"data.source.{option}: received {name!r}, but the columns of {origin} are "
                f"{', '.join(cells)}; name one of them."
            )


def _tell_of_useless(columns: Sequence[Column], values: np.ndarray, origin: str) -> None:
    """Warns of columns from which nothing can be learned."""
    for column, own in zip(columns, values.T, strict=True):
        if tells_rows_apart(column, len(own)):
            _logger.warning(
                "data.source: column %r of %s has %d categories in %d rows, and every one of them "
                "widens the networks; leave it out by data.source.leave_out.",
                *(column.name, origin, len(column.categories), len(own)),
            )
        elif (own == own[0]).all():
            _logger.warning("data.source: column %r of %s never varies.", column.name, origin)


def tells_rows_apart(column: Column, rows: int) -> bool:
    """Whether a column has so many categories that they tell its rows apart, and little else."""
    return len(column.categories) > max(_MANY, rows // 2)


def _classes(
    columns: Sequence[Column], values: np.ndarray, predicted: int | None
) -> np.ndarray | None:
    """The class of every row, int64 [n], where there are classes to be predicted."""
    if predicted is None or not columns[predicted].is_category:
        return None
    return values[:, predicted].astype(np.int64)


def _part(values: np.ndarray, origin: str) -> Part:
    def rows() -> Iterator[Row]:
        for index, row in enumerate(values):
            yield Row({"sample": row}, f"{origin} row {index + 1}")

    return Part(rows(), len(values))


def _measured(dataset: Dataset, columns: Sequence[Column], options: AnyTable) -> Dataset:
    """The data with shares, ranges and modes of the training rows."""
    train = np.asarray(dataset.train["sample"])
    pairs = zip(columns, train.T, strict=True)
    own = [_with_modes(measured(c, v), v, options.modes) for c, v in pairs]
    field = field_of(own, options.predicted)
    spec = replace(dataset.spec, fields={**dataset.spec.fields, "sample": field})
    return replace(dataset, spec=spec)


def _with_modes(column: Column, values: np.ndarray, most: int) -> Column:
    """A column of numbers with its modes.

    Raises:
        ConfigError: where no training row has a number.
    """
    if column.is_category:
        return column
    known = values[~np.isnan(values)]
    if not len(known):
        raise ConfigError(
            f"data.source: no training row has a value in column {column.name!r}; leave it out by "
            "data.source.leave_out, or hold fewer rows out (data.holdout_share)."
        )
    return replace(column, modes=fitted(known, most))
