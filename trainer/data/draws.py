"""Draws of rows by their categories: training by sampling (Xu et al. 2019, section 4.3).

Rare categories are hardly met where rows are drawn one like the other. So a column is drawn, all
columns of categories alike; then one of its categories, by the logarithm of how many rows have it;
then one of these rows. The category is the condition of both players (`conditions.category`).
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from trainer.data.columns import columns_of
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.randomness import fold, key_of, uniform

# Positions in the run int64 [m] → rows int64 [m], and what else is known of the draw, [m] each.
Draw = Callable[[tf.Tensor], tuple[tf.Tensor, dict[str, tf.Tensor]]]


def conditional(field: Field) -> tuple[int, ...]:
    """The columns of a table by which rows may be drawn: those of two categories or more."""
    return tuple(
        number for number, column in enumerate(columns_of(field)) if len(column.categories) > 1
    )


def shares(counts: np.ndarray) -> np.ndarray:
    """How often each category of a column is drawn, by the rows [k] that have it: log (1 + n)."""
    logarithms = np.log1p(counts.astype(np.float64))
    return np.asarray(logarithms / logarithms.sum())


def by_category(rows: np.ndarray, field: Field, seed: int) -> Draw:
    """Draws rows float32 [n, C] of a table, with replacement; each position has its own dice.

    Beside the rows it says "label", int64 [m]: the number of the category drawn, counted over all
    `conditional` columns.

    Raises:
        ConfigError: where the table has no column of categories.
    """
    own = conditional(field)
    if not own:
        raise ConfigError(
            "condition.name: received 'category', but no column of the table has two categories; "
            "set condition=none, or a column's kind to category by data.source.kinds."
        )
    codes = [np.asarray(rows[:, number]).astype(np.int64) for number in own]
    sizes = [len(columns_of(field)[number].categories) for number in own]
    counts = [np.bincount(c, minlength=size) for c, size in zip(codes, sizes, strict=True)]
    # One step over all categories of all columns is the two steps of column and category.
    chances = np.concatenate([shares(count) / len(own) for count in counts])
    edges = _edges(chances)
    firsts = np.concatenate(
        [np.cumsum(c) - c + place * len(rows) for place, c in enumerate(counts)]
    )
    with tf.device("CPU:0"):
        sorted_rows = tf.constant(np.concatenate([np.argsort(c, kind="stable") for c in codes]))
    all_counts = np.concatenate(counts)

    def draw(positions: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        keys = fold(key_of(tf.constant(seed, tf.int64), "category"), positions)
        dice = tf.cast(uniform(keys, 2), tf.float64)
        category = tf.searchsorted(tf.constant(edges), dice[:, 0], side="right", out_type=tf.int64)
        among = tf.gather(tf.constant(all_counts), category)
        place = tf.cast(dice[:, 1] * tf.cast(among, tf.float64), tf.int64)
        chosen = tf.gather(sorted_rows, tf.gather(tf.constant(firsts), category) + place)
        return chosen, {"label": category}

    return draw


def _edges(chances: np.ndarray) -> np.ndarray:
    """Where the next category begins on [0, 1); behind the last that has rows there is none."""
    edges = np.cumsum(chances)
    last = int(np.flatnonzero(chances)[-1])
    edges[last:] = np.inf
    return edges
