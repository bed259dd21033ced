import numpy as np
import pytest
import tensorflow as tf

from trainer.data import draws
from trainer.data.columns import Column, field_of
from trainer.errors import ConfigError

A = Column("a", "category", ("x", "y", "z"))
B = Column("b", "category", ("one", "two"))
N = Column("n", "real")
FIELD = field_of([A, N, B], None)


def _rows():
    """1000 rows: 900 x, 100 y and no z; 500 of each of b."""
    rows = np.zeros((1000, 3), np.float32)
    rows[::10, 0] = 1.0
    rows[500:, 2] = 1.0
    return rows


def test_categories_are_drawn_by_the_logarithms_of_their_counts():
    rows = _rows()
    draw = draws.by_category(rows, FIELD, seed=3)
    chosen, said = draw(tf.range(40_000, dtype=tf.int64))
    category = said["label"].numpy()
    shares = np.bincount(category, minlength=5) / len(category)
    # Either column half of the draws, its categories by log (1 + n).
    x, y = np.log(901), np.log(101)
    expected = [0.5 * x / (x + y), 0.5 * y / (x + y), 0.0, 0.25, 0.25]
    np.testing.assert_allclose(shares, expected, atol=0.01)
    # The row that is drawn has the category, and all that have it are drawn.
    found = rows[chosen.numpy()]
    np.testing.assert_array_equal(found[category == 1, 0], 1.0)
    np.testing.assert_array_equal(found[category == 3, 2], 0.0)
    assert len(np.unique(chosen.numpy()[category == 1])) == 100


def test_a_position_draws_the_same_row_wherever_it_stands():
    draw = draws.by_category(_rows(), FIELD, seed=3)
    many, _ = draw(tf.range(100, dtype=tf.int64))
    one, _ = draw(tf.constant([57], tf.int64))
    assert many[57] == one[0]
    other, _ = draws.by_category(_rows(), FIELD, seed=4)(tf.range(100, dtype=tf.int64))
    assert (many != other).numpy().any()


def test_a_table_of_numbers_has_nothing_to_draw_by():
    with pytest.raises(ConfigError, match=r"'category', but no column of the table has two"):
        draws.by_category(_rows(), field_of([N, N], None), seed=0)
