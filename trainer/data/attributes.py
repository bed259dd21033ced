"""Vectors of named attributes beside the samples: what is known of them.

An attribute is a number: 0 or 1 (a smile or none), or anything between two ends (a slant).
"""

from dataclasses import replace

import numpy as np

from trainer.errors import ConfigError
from trainer.fields import Field

# Rows that the specification keeps, for requests that name none.
_KEPT = 512
# Of the choice of those, the same one for ever.
_SEED = 20141106


def field_of(names: tuple[str, ...]) -> Field:
    """The field of attributes of these names, before their values are known."""
    return Field((len(names),), kind="attributes", names=names)


def measured(field: Field, training: np.ndarray, labels: np.ndarray | None = None) -> Field:
    """The field with what its values measure.

    `about` has "ranges" (lowest and highest value of each attribute, which the players see as -1
    and 1), "means", and "rows", a fixed choice of training examples' attributes, with "labels"
    their classes where they have some.

    Args:
        field: of names.
        training: float32 [n, k].
        labels: of the same examples, int64 [n].
    """
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    rows = np.random.RandomState(_SEED).permutation(len(training))[:_KEPT]
    ranges = np.stack([training.min(axis=0), training.max(axis=0)], axis=-1)
    about = {
        "ranges": ranges.tolist(),
        "means": training.mean(axis=0, dtype=np.float64).tolist(),
        "rows": training[rows].tolist(),
    }
    if labels is not None:
        about["labels"] = labels[rows].tolist()
    return replace(field, shape=training.shape[1:], dtype=training.dtype.name, about=about)


def checked(
    values: np.ndarray, names: np.ndarray | None, count: int, where: str
) -> tuple[tuple[str, ...], np.ndarray]:
    """Names and values, float32 [n, k], of attributes that somebody gives.

    Args:
        values: numbers [count, k], booleans among them.
        names: of k strings; None numbers them.
        count: of the samples that they belong to.
        where: they come from, for messages.

    Raises:
        ConfigError: for other shapes and types, values that are not finite, and equal names.
    """
    if values.ndim != 2 or len(values) != count or not values.shape[1]:
        raise ConfigError(
            f"data.source: the attributes of {where} have shape {values.shape} for {count} "
            f"samples; give a row a sample and a column an attribute, ({count}, k)."
        )
    if values.dtype.kind not in "biuf":
        raise ConfigError(
            f"data.source: the attributes of {where} are {values.dtype.name} values; give numbers."
        )
    numbers = values.astype(np.float32)
    if not (finite := np.isfinite(numbers)).all():
        row, column = np.argwhere(~finite)[0]
        raise ConfigError(
            f"data.source: row {row} of the attributes of {where} holds {numbers[row, column]} in "
            f"column {column}; give finite numbers."
        )
    return _names(names, values.shape[1], where), numbers


def _names(given: np.ndarray | None, count: int, where: str) -> tuple[str, ...]:
    if given is None:
        return tuple(f"attribute_{number}" for number in range(count))
    names = tuple(map(str, given.ravel()))
    if given.dtype.kind != "U" or given.shape != (count,) or len(set(names)) < count:
        raise ConfigError(
            f"data.source: the names of the attributes of {where} are {given.dtype.name} of shape "
            f"{given.shape}; give one string a column, all different: {count} of them."
        )
    return names
