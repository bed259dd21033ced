"""What stands under one name in a request or a reply, and whether values fit it."""

import difflib
import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from serving.errors import UsageError

IMAGE, CLIP, MASK, STROKES, TABLE = "image", "clip", "mask", "strokes", "table"
LABEL_MAP = "label_map"
LABEL, TEXT, SEED, LATENT, SCALAR, KEY = "label", "text", "seed", "latent", "scalar", "key"
ATTRIBUTES = "attributes"
CATEGORY = "category"  # of a table's column: one text of a list
STRING = "string"
ALL = "all"  # in the place of a label's name: every class
# A row of these is a file of its own: a picture, or a moving one.
_IN_FILES = frozenset({IMAGE, LABEL_MAP, MASK, STROKES, CLIP})

_SHOWN_NAMES = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Field:
    """One input or output of a signature, as the model's description has it.

    Attributes:
        shape: of one row; None for an open size.
        dtype: "uint8", "int64", "float32", "string", ….
        kind: what it is: image, label_map, clip, vector, attributes, table, tokens, graph, label,
            text, category, latent, seed, scalar, mask, strokes or key.
        range: smallest and largest value.
        names: of classes, attributes or columns.
        marginal: how often the data has each class.
        about: what only this kind has, such as a text's vocabulary, or the ranges of attributes.
    """

    shape: tuple[int | None, ...] = ()
    dtype: str = "float32"
    kind: str = "vector"
    range: tuple[float, float] | None = None
    names: tuple[str, ...] = ()
    marginal: tuple[float, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Field":
        """The field that a description's JSON object stands for."""
        limits = document.get("range")
        return cls(
            shape=tuple(document["shape"]),
            dtype=document["dtype"],
            kind=document["kind"],
            range=(limits[0], limits[1]) if limits else None,
            names=tuple(document.get("names") or ()),
            marginal=tuple(document.get("marginal") or ()),
            about=document.get("about") or {},
        )

    @property
    def num_classes(self) -> int | None:
        """How many labels there are; None where neither names nor a range say it."""
        if self.names:
            return len(self.names)
        return int(self.range[1]) + 1 if self.range else None

    @property
    def is_file(self) -> bool:
        """Whether a row is read from a file of its own: a picture, or a moving one."""
        return self.kind in _IN_FILES and self.dtype != STRING

    @property
    def moves(self) -> bool:
        """Whether a row has frames: a clip, or the mask of one."""
        return self.is_file and len(self.shape) == 4

    @property
    def is_single(self) -> bool:
        """Whether a row is one number or one text."""
        return self.shape == () and self.kind not in _IN_FILES

    @property
    def bytes_per_row(self) -> int | None:
        """The size of a row; None for strings and open sizes, which only values tell."""
        sizes = [size for size in self.shape if size is not None]
        if self.dtype == STRING or len(sizes) < len(self.shape):
            return None
        return math.prod(sizes) * np.dtype(self.dtype).itemsize

    @property
    def words(self) -> str:
        """Type and shape of n rows, such as "uint8 [n, 28, 28, 1]"."""
        sizes = ("any" if size is None else str(size) for size in self.shape)
        return f"{self.dtype} [{', '.join(['n', *sizes])}]"

    def check(self, name: str, value: Any) -> np.ndarray:
        """Returns `value` as an array [n, *shape] of the field's type; sentences call it `name`.

        Labels are numbers where they are integers and names where they are texts; attributes may
        be given by their names (`by_name`).

        Raises:
            UsageError: a type, a shape, a name or a number is not what the field holds.
        """
        if self.kind == LABEL:
            value = self._numbered(name, value)
        array = _as_dtype(name, self.by_name(name, value), self.dtype)
        if array.ndim == 0 or len(array) == 0:
            raise UsageError(f"{name}: received shape {list(array.shape)}; expected rows, [n, …].")
        if not _fits(array.shape[1:], self.shape):
            wanted = self.words.partition(" ")[2]
            raise UsageError(f"{name}: received shape {list(array.shape)}; expected {wanted}.")
        if self.kind != TABLE:  # where a number is missing, rows of a table have NaN
            _check_finite(name, array)
        self._check_range(name, array)
        self._check_attributes(name, array)
        return array

    def by_name(self, name: str, value: Any) -> Any:
        """Attributes that are given by their names as a vector, [k], or as vectors, [n, k].

        Args:
            name: of the field, for sentences.
            value: names to numbers, or to n numbers each; attributes that it does not name are the
                data's means. Anything else, and values of other fields, come back as they are.

        Raises:
            UsageError: a name is none, or values are no numbers or of different lengths.
        """
        if self.kind != ATTRIBUTES or not isinstance(value, Mapping):
            return value
        row: list[Any] = list(self.about.get("means", [math.nan] * len(self.names)))
        for attribute, given in value.items():
            row[self.number_of(name, attribute)] = _numbers(f"{name}: {attribute}", given)
        try:
            return np.stack(np.broadcast_arrays(*row), axis=-1).astype(np.float32)
        except ValueError as error:
            counts = {n: np.shape(v)[0] for n, v in value.items() if np.ndim(v)}
            raise UsageError(
                f"{name}: rows of different numbers, {counts}; pass equal ones."
            ) from (error)

    def read(self, name: str, text: Any) -> Any:
        """Returns one row's value from a command line or a cell of a table.

        A label is a name if the model has it, else a number.

        Raises:
            UsageError: naming what was received and what is expected.
        """
        if self.dtype == STRING:
            return str(text)
        if self.kind == LABEL:
            return self._read_label(name, text)
        if isinstance(text, Mapping):
            return self.by_name(name, {n: _number(f"{name}: {n}", v) for n, v in text.items()})
        try:
            value = json.loads(text) if isinstance(text, str) else text
        except ValueError:
            value = text
        if not self._is_row(value):
            raise UsageError(f"{name}: received {text!r}; expected {self.words_of_a_row}.")
        return value

    def read_number(self, name: str, text: Any) -> int:
        """Returns a label that is given by its number alone, as `read` does.

        Raises:
            UsageError: it is no number.
        """
        plain = str(text).strip()
        if not plain.removeprefix("-").isdecimal():
            raise UsageError(f"{name}: received {text!r}; expected the number of a label.")
        return int(plain)

    @property
    def words_of_a_row(self) -> str:
        """What a row looks like, for sentences."""
        if self.shape:
            return f"a list of shape {list(self.shape)}"
        is_whole = np.dtype(self.dtype).kind in "iu"
        return (
            f"a whole number of {8 * np.dtype(self.dtype).itemsize} bits"
            if is_whole
            else ("a number")
        )

    def _is_row(self, value: Any) -> bool:
        try:
            array = np.asarray(value)
        except ValueError:
            return False
        if array.dtype.kind not in "iuf" or not _fits(array.shape, self.shape):
            return False
        target = np.dtype(self.dtype)
        if target.kind == "f":
            return True
        bounds = np.iinfo(target)
        return array.dtype.kind in "iu" and bool(
            array.size == 0 or (bounds.min <= array.min() and array.max() <= bounds.max)
        )

    def _read_label(self, name: str, text: Any) -> int:
        plain = str(text).strip()
        is_number = plain.removeprefix("-").isdecimal()
        if is_number and plain not in self.names:
            return int(plain)
        number = self.number_of(name, plain)
        if is_number and int(plain) != number and int(plain) < (self.num_classes or 0):
            _log.warning(
                "%s: %r is taken for a name, that of class %d; %s_index means the number.",
                name, plain, number, name,
            )  # fmt: skip
        return number

    def number_of(self, name: str, label: str) -> int:
        """Returns the number of the class or attribute called `label`, in the field `name`.

        Raises:
            UsageError: there is none of that name.
        """
        label = str(label)  # NumPy's texts show their type
        if label in self.names:
            return self.names.index(label)
        if not self.names:
            known = "there are none; pass numbers"
        elif near := difflib.get_close_matches(label, self.names, 3):
            known = f"the nearest are {', '.join(map(repr, near))}"
        else:
            more = len(self.names) - _SHOWN_NAMES
            shown = ", ".join(map(repr, self.names[:_SHOWN_NAMES]))
            known = f"there are {shown}" + (f" and {more} more" if more > 0 else "")
        what = "an attribute" if self.kind == ATTRIBUTES else "a label"
        raise UsageError(f"{name}: {label!r} is no name of {what}; {known}.")

    def _numbered(self, name: str, value: Any) -> Any:
        """Puts numbers in the place of names, each by its own type."""
        array = value if isinstance(value, np.ndarray) else np.array(value, object)
        if array.dtype.kind not in "OUS":
            return value
        if not any(isinstance(item, str | bytes) for item in array.flat):
            return value
        numbers = [self._number(name, item) for item in array.flat]
        return np.array(numbers, np.int64).reshape(array.shape)

    def _number(self, name: str, item: Any) -> int:
        if isinstance(item, str | bytes):
            return self.number_of(name, item.decode() if isinstance(item, bytes) else item)
        if isinstance(item, int | np.integer) and not isinstance(item, bool):
            return int(item)
        raise UsageError(f"{name}: received {item!r}; expected a number or a name of a label.")

    def _check_range(self, name: str, array: np.ndarray) -> None:
        limits = self._limits()
        if limits is None or array.dtype == object or _holds(limits, array.dtype):
            return
        outside = (array < limits[0]) | (array > limits[1])
        if not outside.any():
            return
        row = int(np.argwhere(outside)[0][0])
        value = array[row][outside[row]].flat[0] if array.ndim > 1 else array[row]
        low, high = (f"{limit:g}" for limit in self.range or limits)
        if self.kind == LABEL:
            raise UsageError(
                f"{name}: {value} is out of range; this model accepts {limits[0]} to {limits[1]}."
            )
        raise UsageError(f"{name}: row {row} holds {value}; expected {low} to {high}.")

    def _check_attributes(self, name: str, array: np.ndarray) -> None:
        """Refuses what lies farther off the data's range than that is wide: in other units."""
        if self.kind != ATTRIBUTES or "ranges" not in self.about:
            return
        low, high = np.asarray(self.about["ranges"], np.float64).T
        width = np.where(high > low, high - low, 1.0)
        outside = (array < low - width) | (array > high + width)
        if outside.any():
            row, column = np.argwhere(outside)[0]
            raise UsageError(
                f"{name}: {self.names[column]} is {array[row, column]:g} in row {row}; the data "
                f"have {low[column]:g} to {high[column]:g}."
            )

    def _limits(self) -> tuple[float, float] | None:
        """What values must keep to; the range of float data is a scale and no fence.

        Generators leave the range of float data a little; pictures further off than the range is
        wide are in other units.
        """
        if self.kind == LABEL:
            return (0, self.num_classes - 1) if self.num_classes else None
        if self.kind == MASK:
            return self.range or (0, 1)
        if self.kind == LABEL_MAP:
            return (0, len(self.names) - 1) if self.names else None
        if self.range is None or self.kind == SCALAR or np.dtype(self.dtype).kind in "iu":
            return self.range
        if self.kind in (IMAGE, CLIP):
            low, high = self.range
            return low - (high - low), high + (high - low)
        return None


def _numbers(name: str, value: Any) -> np.ndarray:
    """One number or several, float64."""
    array = np.asarray(value)
    if array.ndim > 1 or array.dtype.kind not in "biuf":
        raise UsageError(f"{name}: received {value!r}; expected a number, or one a row.")
    return array.astype(np.float64)


def _number(name: str, text: Any) -> float:
    """The number that a command line or a cell holds."""
    try:
        return float(text)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name}: received {text!r}; expected a number.") from error


def _holds(limits: tuple[float, float], dtype: np.dtype) -> bool:
    """Whether no number of a type leaves the limits."""
    if dtype.kind not in "iu":
        return False
    bounds = np.iinfo(dtype)
    return limits[0] <= bounds.min and bounds.max <= limits[1]


def as_texts(array: np.ndarray) -> np.ndarray:
    """Returns objects of bytes as objects of str; what is no UTF-8 becomes U+FFFD."""
    decode = np.frompyfunc(lambda value: value.decode(errors="replace"), 1, 1)
    return np.asarray(decode(array), object)


def as_values(column: np.ndarray) -> list[Any]:
    """Python values of a column [n]; of float32 those with as few digits as tell them apart."""
    if column.dtype == np.float32:
        return [float(str(value)) for value in column]
    return list(column.tolist())


def _fits(shape: Sequence[int], expected: Sequence[int | None]) -> bool:
    """Returns whether a shape meets one in which None stands for any size."""
    pairs = zip(shape, expected, strict=False)
    return len(shape) == len(expected) and all(size in (None, got) for got, size in pairs)


def _check_finite(name: str, array: np.ndarray) -> None:
    """Refuses NaN and infinities: a model turns them into samples that look like any other."""
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return
    row = int(np.argwhere(~np.isfinite(array))[0][0])
    value = array[row][~np.isfinite(array[row])].flat[0]
    raise UsageError(f"{name}: row {row} holds {value}; expected finite numbers.")


def _as_dtype(name: str, value: Any, dtype: str) -> np.ndarray:
    if dtype == STRING:
        return _as_bytes(name, value)
    try:
        array, target = np.asarray(value), np.dtype(dtype)
    except ValueError as error:
        raise UsageError(f"{name}: rows of unequal shapes; expected one {dtype} array.") from error
    if array.dtype == target:
        return array
    kinds = {"f": "iuf", "b": "b"}.get(target.kind, "iu")
    if array.dtype.kind not in kinds and array.size:
        raise UsageError(f"{name}: received {array.dtype} values; expected {dtype}.")
    if target.kind in "iu" and array.size:
        bounds = np.iinfo(target)
        for extreme in (array.min(), array.max()):
            if not bounds.min <= int(extreme) <= bounds.max:
                raise UsageError(f"{name}: {extreme} does not fit {dtype}.")
    return array.astype(target)


def _as_bytes(name: str, value: Any) -> np.ndarray:
    array = np.asarray(value, object)
    for item in array.flat:
        if not isinstance(item, str | bytes):
            raise UsageError(f"{name}: received {type(item).__name__}; expected text or bytes.")
    encode = np.frompyfunc(_encoded, 1, 1)
    return np.asarray(encode(array), object)


def _encoded(item: str | bytes) -> bytes:
    """A text as UTF-8; bytes of a command line that were none before are what they were."""
    return item.encode("utf-8", "surrogateescape") if isinstance(item, str) else item
