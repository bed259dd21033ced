"""Rows of a table: a one-hot vector for each category, a mode and a place in it for each number.

A number x is seen as (x - μ_k) / s_k beside a one-hot vector of k, where k is one of its column's
modes, μ_k the mode's mean and s_k its width. The mode is drawn from the posterior of the mixture,
as in the paper; the dice are the row's own bits, so that a row is always seen alike. A missing
number is one more mode.

Reference: Xu et al. 2019, "Modeling tabular data using conditional GAN", section 4.2.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from trainer import randomness
from trainer.data.columns import Column, columns_of
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.randomness import Key

# So much less likely than any Gaussian makes it is another value than a mode's only one.
_UNLIKELY = 1e6


class Part(NamedTuple):
    """A part of a row as the players see it.

    Attributes:
        column: number of the column that it is of.
        kind: "one_hot" or "scalar".
        start: its first place.
        size: how many numbers it has.
    """

    column: int
    kind: str
    start: int
    size: int

    def of(self, seen: tf.Tensor) -> tf.Tensor:
        """This part of rows [..., W], float32 [..., size]."""
        return seen[..., self.start : self.start + self.size]


def parts_of(columns: Sequence[Column]) -> tuple[Part, ...]:
    """The parts of a row in their order: of a number its place in a mode, then the mode."""
    parts: list[Part] = []
    for number, column in enumerate(columns):
        sizes = {"scalar": 0 if column.is_category else 1, "one_hot": _choices(column)}
        for kind, size in sizes.items():
            if size:
                start = sum(part.size for part in parts)
                parts.append(Part(number, kind, start, size))
    return tuple(parts)


def _choices(column: Column) -> int:
    if column.is_category:
        return len(column.categories)
    return len(column.modes) + (column.missing > 0)


def seen_field(field: Field) -> Field:
    """float32 [W], with the parts of a row."""
    parts = parts_of(columns_of(field))
    return Field(
        (sum(part.size for part in parts),),
        kind="table",
        names=field.names,
        about={"parts": [list(part) for part in parts]},
    )


def seen(values: tf.Tensor, field: Field) -> tf.Tensor:
    """Rows as the players see them.

    Args:
        values: float32 [..., C]; see `trainer.data.columns.field_of`.
        field: of kind "table", with modes.

    Returns:
        float32 [..., W]. Numbers of training rows lie on [-1, 1] in their modes.
    """
    columns = columns_of(field)
    values = tf.convert_to_tensor(values)
    rows = tf.reshape(values, [-1, len(columns)])
    numeric = [number for number, column in enumerate(columns) if not column.is_category]
    scalars, modes = _normalised(rows, columns, numeric)
    pieces: list[tf.Tensor] = []
    for number, column in enumerate(columns):
        if column.is_category:
            codes = tf.cast(rows[:, number], tf.int32)
            pieces.append(tf.one_hot(codes, len(column.categories)))
        else:
            place = numeric.index(number)
            pieces += [scalars[:, place : place + 1], modes[:, place, : _choices(column)]]
    encoded = tf.concat(pieces, axis=1)
    return tf.reshape(encoded, tf.concat([tf.shape(values)[:-1], [encoded.shape[-1]]], axis=0))


def _normalised(
    rows: tf.Tensor, columns: Sequence[Column], numeric: Sequence[int]
) -> tuple[tf.Tensor, tf.Tensor]:
    """Of every number its place in its mode [n, R], and the mode as a one-hot vector [n, R, M]."""
    if not numeric:
        return tf.zeros([tf.shape(rows)[0], 0]), tf.zeros([tf.shape(rows)[0], 0, 1])
    mixtures = _Mixtures([columns[number] for number in numeric])
    x = tf.gather(rows, list(numeric), axis=1)[:, :, tf.newaxis]
    dice = _dice(rows, len(numeric))
    chosen = tf.one_hot(mixtures.drawn(x, dice), mixtures.most)
    mean, scale = (tf.reduce_sum(chosen * v, axis=2) for v in (mixtures.means, mixtures.scales))
    place = tf.math.divide_no_nan(x[:, :, 0] - mean, scale)
    return tf.where(tf.math.is_nan(x[:, :, 0]), 0.0, place), chosen


class _Mixtures:
    """The modes of several columns side by side, float32 [R, M]; a missing number is the last."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.most = max(_choices(column) for column in columns)
        self.means = self._table([[m.mean for m in c.modes] for c in columns], 0.0)
        self.scales = self._table([[m.scale for m in c.modes] for c in columns], 0.0)
        self.deviations = self._table([[m.deviation for m in c.modes] for c in columns], 0.0)
        weights = [[math.log(m.weight) for m in c.modes] for c in columns]
        self.log_weights = self._table(weights, -math.inf)
        self.missing = np.array([len(column.modes) for column in columns], np.int32)

    def _table(self, rows: Sequence[Sequence[float]], filler: float) -> np.ndarray:
        filled = [[*row, *[filler] * (self.most - len(row))] for row in rows]
        return np.array(filled, np.float32)

    def drawn(self, x: tf.Tensor, dice: tf.Tensor) -> tf.Tensor:
        """The mode of numbers [n, R, 1], each by a number on [0, 1) of its own: int32 [n, R]."""
        posterior = tf.nn.softmax(self._log_densities(x), axis=2)
        edges = tf.cumsum(posterior, axis=2)
        below = dice[:, :, tf.newaxis] * edges[:, :, -1:] >= edges
        # A mode of no density has the edge of the one before it, and is never stopped at.
        place = tf.reduce_sum(tf.cast(below, tf.int32), axis=2)
        is_missing = tf.math.is_nan(x[:, :, 0])
        return tf.where(is_missing, self.missing, tf.minimum(place, self.missing - 1))

    def _log_densities(self, x: tf.Tensor) -> tf.Tensor:
        """Log (weight · density) up to a constant, float32 [n, R, M]."""
        x = tf.where(tf.math.is_nan(x), 0.0, x)
        is_single = self.deviations == 0.0
        deviations = np.where(is_single, 1.0, self.deviations).astype(np.float32)
        distance = (x - self.means) / deviations
        gaussian = -0.5 * tf.square(distance) - np.log(deviations)
        away = tf.abs(x - self.means)
        single = tf.where(away == 0.0, _UNLIKELY, -_UNLIKELY * (1.0 + away / (1.0 + away)))
        return self.log_weights + tf.where(is_single, single, tf.maximum(gaussian, -_UNLIKELY))


def _dice(rows: tf.Tensor, count: int) -> tf.Tensor:
    """Numbers on [0, 1) that follow from a row's own bits, float32 [n, count]."""
    bits = tf.bitcast(tf.where(tf.math.is_nan(rows), -1.0, rows), tf.uint32)
    places = tf.cast(tf.range(rows.shape[1]), tf.uint32)
    words = randomness.threefry(Key(places, places), Key(bits, tf.zeros_like(bits)))
    high, low = (tf.reduce_sum(tf.cast(word, tf.int64), axis=1) for word in words)
    keys = Key(*(tf.cast(word % 2**32, tf.uint32) for word in (high, low)))
    return randomness.uniform(keys, count)


def stored(values: tf.Tensor, field: Field) -> tf.Tensor:
    """Rows as they are stored: float [..., W] → float32 [..., C].

    The likeliest category and mode of each column; the first of equal ones. Integers are rounded
    and clipped to the range of the training rows, reals come as they are.
    """
    columns = columns_of(field)
    values = tf.cast(values, tf.float32)
    found: dict[int, tf.Tensor] = {}
    place: tf.Tensor = None
    for part in parts_of(columns):
        own, column = part.of(values), columns[part.column]
        if part.kind == "scalar":
            place = own[..., 0]
        else:
            choice = tf.argmax(own, axis=-1, output_type=tf.int32)
            found[part.column] = _value(column, choice, place)
    return tf.stack([found[number] for number in range(len(columns))], axis=-1)


def _value(column: Column, choice: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
    if column.is_category:
        return tf.cast(choice, tf.float32)
    gap = [math.nan] if column.missing else []
    means = tf.constant([mode.mean for mode in column.modes] + gap)
    scales = tf.constant([mode.scale for mode in column.modes] + [0.0] * len(gap))
    x = tf.gather(means, choice) + place * tf.gather(scales, choice)
    if column.kind == "real":
        return x
    return tf.where(tf.math.is_nan(x), x, tf.clip_by_value(tf.round(x), *column.range))


# ---- As clients see it --------------------------------------------------------------------------


def output_fields(field: Field) -> dict[str, Field]:
    """A field a column: strings of a list, whole numbers, and numbers.

    Whole numbers of which some are missing are float32, for those are NaN.
    """
    return {column.name: _output_field(column) for column in columns_of(field)}


def _output_field(column: Column) -> Field:
    if column.is_category:
        return Field((), "string", "category", names=column.categories, marginal=column.shares)
    is_whole = column.kind == "integer" and not column.missing
    about = {"holds": column.kind} | ({"missing": column.missing} if column.missing else {})
    return Field((), "int64" if is_whole else "float32", "scalar", range=column.range, about=about)


def outputs(rows: tf.Tensor, field: Field) -> dict[str, tf.Tensor]:
    """Stored rows float32 [n, C] by columns, [n] each, of the types of `output_fields`."""
    named: dict[str, tf.Tensor] = {}
    for number, (name, column) in enumerate(output_fields(field).items()):
        values = rows[:, number]
        if column.kind == "category":
            named[name] = tf.gather(tf.constant(column.names), tf.cast(values, tf.int32))
        else:
            named[name] = tf.cast(values, column.dtype)
    return named


def rows_of(named: Mapping[str, np.ndarray], field: Field) -> np.ndarray:
    """The inverse of `outputs`: columns [n] by name → stored rows float32 [n, C].

    Raises:
        ConfigError: for a column that is not there, and a text that is none of its categories.
    """
    lacking = next((name for name in field.names if name not in named), None)
    if lacking is not None:
        raise ConfigError(
            f"TARGET: it has no column {lacking!r}, which the data has; measure it against the "
            "data that it was trained on."
        )
    columns = [_codes(named[c.name], c) for c in columns_of(field)]
    return np.stack(columns, axis=1)


def _codes(values: np.ndarray, column: Column) -> np.ndarray:
    if not column.is_category:
        return np.asarray(values, np.float32)
    places = {text: place for place, text in enumerate(column.categories)}
    texts = [value.decode() if isinstance(value, bytes) else str(value) for value in values]
    unknown = next((text for text in texts if text not in places), None)
    if unknown is not None:
        raise ConfigError(
            f"TARGET: its column {column.name!r} holds {unknown!r}, which the data's does not; "
            "measure it against the data that it was trained on."
        )
    return np.array([places[text] for text in texts], np.float32)
