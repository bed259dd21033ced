"""Columns of a table: what each of them holds, inferred from its cells, and the rows as numbers."""

import logging
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from trainer.errors import ConfigError
from trainer.fields import Field

_logger = logging.getLogger("saddlepoint")

Kind = Literal["category", "integer", "real"]
# The category of a cell that is empty, and how such a cell is read and written.
MISSING = ""
# Numbers a column from which a text that is none is taken for a mistake.
_NEARLY_ALL = 0.9
# Whole numbers of a column to be predicted that are taken for classes.
_CLASSES = 20
# Up to here float32 holds every whole number.
_EXACT = 2.0**24
# Inputs of exports, beside which bulk generation writes the columns.
_TAKEN = ("seed", "label")


class Mode(NamedTuple):
    """One of the Gaussians of which a column of numbers is a mixture (`trainer.data.modes`).

    Attributes:
        mean: of the Gaussian.
        scale: the distance from the mean that the players see as 1; 0 for a single value.
        deviation: of the Gaussian.
        weight: its share of the mixture.
    """

    mean: float
    scale: float
    deviation: float
    weight: float


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Attributes:
        name: as the table has it.
        kind: "category", of texts; "integer" or "real", of numbers.
        categories: every text, sorted; a missing one is the empty text.
        shares: of the training rows that each category has.
        range: lowest and highest number among the training rows.
        missing: share of the training rows without a number.
        modes: of the numbers.
    """

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    range: tuple[float, float] = (0.0, 0.0)
    missing: float = 0.0
    modes: tuple[Mode, ...] = ()

    @property
    def is_category(self) -> bool:
        """Whether it holds texts of a list."""
        return self.kind == "category"

    def describe(self) -> dict[str, Any]:
        """The column as a JSON object."""
        if self.is_category:
            values: dict[str, Any] = {
                "categories": list(self.categories),
                "shares": list(self.shares),
            }
        else:
            modes = [list(mode) for mode in self.modes]
            values = {"range": list(self.range), "missing": self.missing, "modes": modes}
        return {"name": self.name, "kind": self.kind, **values}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Column":
        """The column that `describe` described."""
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in document.items()
        }
        values["modes"] = tuple(Mode(*mode) for mode in document.get("modes", ()))
        return cls(**values)

    @property
    def words(self) -> str:
        """What it holds, in a line."""
        if self.is_category:
            share = dict(zip(self.categories, self.shares, strict=False)).get(MISSING, 0.0)
            shown = ", ".join(name or "(missing)" for name in self.categories[:5])
            more = ", …" if len(self.categories) > 5 else ""
            text = f"category, {len(self.categories)}: {shown}{more}"
        else:
            share = self.missing
            text = f"{self.kind}, {self.range[0]:g} to {self.range[1]:g}"
        return f"{text}; {share:.1%} missing" if share else text


def field_of(columns: Sequence[Column], predicted: str | None) -> Field:
    """The field of a table of these columns; its rows are float32 [C].

    A row has a category's place among the sorted ones, a number as it is, and NaN for a missing
    number.
    """
    about = {"columns": [column.describe() for column in columns], "predicted": predicted}
    return Field(
        (len(columns),), "float32", "table", names=tuple(c.name for c in columns), about=about
    )


def columns_of(field: Field) -> tuple[Column, ...]:
    """The columns of a field of kind "table"."""
    return tuple(Column.of(document) for document in field.about["columns"])


# ---- From cells to columns ----------------------------------------------------------------------


class Cells:
    """The cells of one column, each different text kept once.

    Attributes:
        texts: in the order in which they came.
        numbers: of every row its text's place among them, int32 [n].
    """

    def __init__(self, cells: Sequence[str], missing: Collection[str]) -> None:
        places: dict[str, int] = {}
        numbers = [
            places.setdefault(MISSING if cell in missing else cell, len(places)) for cell in cells
        ]
        self.texts, self.numbers = list(places), np.array(numbers, np.int32)

    @property
    def counts(self) -> np.ndarray:
        """Rows of every text, int64."""
        return np.bincount(self.numbers, minlength=len(self.texts))


def check_apart(names: Sequence[str], origin: str) -> None:
    """Refuses names by which columns could not be told.

    Raises:
        ConfigError: naming the column and a remedy.
    """
    for place, name in enumerate(names):
        if not name:
            raise ConfigError(
                f"data.source.path: column {place + 1} of {origin} has no name; name it in the "
                "first line. A file without a header has its names in data.source.columns."
            )
        if name in names[:place]:
            raise ConfigError(
                f"data.source.path: {origin} has two columns {name!r}; rename one of them in the "
                "first line. A file without a header has its names in data.source.columns."
            )


def check_names(names: Sequence[str], origin: str) -> None:
    """Refuses names that are taken, too.

    Raises:
        ConfigError: naming the column and a remedy.
    """
    check_apart(names, origin)
    for name in names:
        if name in _TAKEN:
            raise ConfigError(
                f"data.source.path: {origin} has a column {name!r}, which is what an export calls "
                f"an input; give it another name by data.source.rename={{{name}: NAME}}."
            )


def inferred(
    name: str, cells: Cells, kind: Kind | None, origin: str, *, is_predicted: bool
) -> tuple[Column, np.ndarray]:
    """What a column holds, and its values float32 [n]; shares, range and modes are left open.

    A column of texts is a category, and so are numbers of two values at most, and whole numbers of
    few values that are to be predicted. Other numbers are integers where all are whole.

    Args:
        name: of the column.
        cells: its cells.
        kind: what it is to hold; None infers it.
        origin: of the table, for messages.
        is_predicted: whether it is to be predicted.

    Raises:
        ConfigError: for a column without a value, which cannot be predicted, or one of numbers and
            a few texts.
    """
    known = [text for text in cells.texts if text != MISSING]
    if not known:
        raise ConfigError(
            f"data.source.path: column {name!r} of {origin} has no value at all; take another "
            "one as data.source.predicted."
        )
    values = {text: _number(text) for text in known}
    if kind is None:
        kind = _kind(name, cells, values, origin, is_predicted=is_predicted)
    if kind == "category":
        return _category(name, cells)
    bad = next((text for text, value in values.items() if value is None), None)
    if bad is not None:
        raise ConfigError(
            f"data.source.kinds: received {kind!r} for column {name!r} of {origin}, which holds "
            f"{bad!r} (row {_row(cells, bad)}); set it to category, or name the text in "
            "data.source.missing."
        )
    if kind == "integer":
        _tell_of_rounding(name, values, origin)
    numbers = [math.nan if text == MISSING else values[text] for text in cells.texts]
    return Column(name, kind), np.array(numbers, np.float32)[cells.numbers]


def _kind(
    name: str,
    cells: Cells,
    values: Mapping[str, float | None],
    origin: str,
    *,
    is_predicted: bool,
) -> Kind:
    texts = [text for text, value in values.items() if value is None]
    if texts:
        counts = dict(zip(cells.texts, cells.counts.tolist(), strict=True))
        share = 1.0 - sum(counts[text] for text in texts) / sum(counts[text] for text in values)
        if share >= _NEARLY_ALL:
            raise ConfigError(
                f"data.source.path: column {name!r} of {origin} holds numbers, but row "
                f"{_row(cells, texts[0])} holds {texts[0]!r}; mend it, name the text in "
                f"data.source.missing, or set data.source.kinds={{{name}: category}}."
            )
        return "category"
    numbers = set(values.values())
    is_whole = all(value is not None and value.is_integer() for value in numbers)
    if len(numbers) <= (_CLASSES if is_predicted and is_whole else 2):
        return "category"
    return "integer" if is_whole else "real"


def _number(text: str) -> float | None:
    """The finite number that a text is, as float32 holds it; None where it is none."""
    try:
        value = float(np.float32(text))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _tell_of_rounding(name: str, values: Mapping[str, float | None], origin: str) -> None:
    large = (text for text, value in values.items() if abs(value or 0.0) >= _EXACT)
    rounded = next((text for text in large if values[text] != float(text)), None)
    if rounded is not None:
        _logger.warning(
            "data.source: column %r of %s has whole numbers of more than seven digits, which are "
            "rounded (%s to %d); if it tells rows apart, leave it out by data.source.leave_out.",
            *(name, origin, rounded, values[rounded]),
        )


def _row(cells: Cells, text: str) -> int:
    return int((cells.numbers == cells.texts.index(text)).argmax()) + 1


def _category(name: str, cells: Cells) -> tuple[Column, np.ndarray]:
    categories = tuple(sorted(cells.texts, key=_order))
    places = {text: place for place, text in enumerate(categories)}
    codes = np.array([places[text] for text in cells.texts], np.float32)
    return Column(name, "category", categories), codes[cells.numbers]


def _order(text: str) -> tuple[bool, float, str]:
    """Numbers before texts, by their values."""
    value = _number(text)
    return value is None, value or 0.0, text


# ---- What training rows say of them -------------------------------------------------------------


def measured(column: Column, values: np.ndarray) -> Column:
    """The column with the shares, or the range and what is missing, of training values [n]."""
    if column.is_category:
        counts = np.bincount(values.astype(np.int64), minlength=len(column.categories))
        shares = tuple((counts / len(values)).tolist())
        return Column(column.name, column.kind, column.categories, shares)
    known = values[~np.isnan(values)]
    bounds = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    return Column(column.name, column.kind, range=bounds, missing=1.0 - len(known) / len(values))
