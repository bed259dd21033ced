import numpy as np
import pytest
import tensorflow as tf

from trainer.config.experiment import Data
from trainer.data import loading, modalities
from trainer.data.columns import Column, Mode, field_of
from trainer.data.modalities import table
from trainer.data.modes import fitted
from trainer.errors import ConfigError

JOB = Column("job", "category", ("", "a", "b"), (0.25, 0.25, 0.5))
# Two Gaussians of equal weight, and a value of its own.
PAY = Column(
    "pay",
    "real",
    range=(-1.0, 30.0),
    missing=0.1,
    modes=(Mode(0.0, 8.0, 2.0, 0.4), Mode(7.0, 0.0, 0.0, 0.2), Mode(20.0, 40.0, 10.0, 0.4)),
)
AGE = Column("age", "integer", range=(18.0, 80.0), modes=(Mode(40.0, 40.0, 10.0, 1.0),))
FIELD = field_of([JOB, PAY, AGE], None)


def test_a_row_is_one_hot_vectors_and_places_in_modes():
    rows = tf.constant([[2.0, 7.0, 50.0], [0.0, np.nan, 18.0], [1.0, 60.0, 40.0]])
    seen = modalities.seen(rows, FIELD).numpy()
    assert modalities.seen_field(FIELD).shape == (3 + 1 + 4 + 1 + 1,)
    np.testing.assert_allclose(
        seen,
        [
            [0, 0, 1, 0, 0, 1, 0, 0, 0.25, 1],
            [1, 0, 0, 0, 0, 0, 0, 1, -0.55, 1],
            [0, 1, 0, 1, 0, 0, 1, 0, 0, 1],
        ],
    )


def test_a_mode_is_drawn_from_the_posterior_by_the_bits_of_the_row():
    """Where both Gaussians are as likely, half of the rows have either; a row always the same."""
    # 0.4 N(x; 0, 2) = 0.4 N(x; 20, 10) where x² / 8 - (x - 20)² / 200 = log 5.
    x = np.roots([24.0, 40.0, -400.0 - 200.0 * np.log(5.0)]).max()
    rows = np.zeros((4000, 3), np.float32)
    rows[:, 1] = x
    rows[:, 2] = 18 + np.arange(4000) / 100
    seen = modalities.seen(tf.constant(rows), FIELD).numpy()
    assert seen[:, 4].mean() == pytest.approx(0.5, abs=0.03)
    assert seen[:, 6].mean() == pytest.approx(0.5, abs=0.03)
    np.testing.assert_array_equal(modalities.seen(tf.constant(rows[7:8]), FIELD)[0], seen[7])


def test_real_rows_come_back_exactly():
    data = loading.load(Data(source={"name": "loans", "rows": 400}))
    field, rows = data.spec.sample, np.asarray(data.train["sample"])
    seen = modalities.seen(tf.constant(rows), field)
    assert np.abs(seen).max() <= 1.0 + 1e-6
    np.testing.assert_allclose(modalities.stored(seen, field), rows, rtol=1e-6)
    # Of a batch of turns, too.
    turns = tf.reshape(rows[:360], [60, 6, -1])
    np.testing.assert_array_equal(tf.reshape(modalities.seen(turns, field), [360, -1]), seen[:360])


def test_columns_have_their_own_types_and_come_back():
    fields = table.output_fields(FIELD)
    assert [(f.dtype, f.kind) for f in fields.values()] == [
        ("string", "category"),
        ("float32", "scalar"),
        ("int64", "scalar"),
    ]
    rows = np.array([[2, 7, 50], [0, np.nan, 18]], np.float32)
    named = {name: x.numpy() for name, x in table.outputs(tf.constant(rows), FIELD).items()}
    assert named["job"].tolist() == [b"b", b""] and named["age"].tolist() == [50, 18]
    np.testing.assert_array_equal(table.rows_of(named, FIELD), rows)
    with pytest.raises(ConfigError, match=r"its column 'job' holds 'c', which the data's does not"):
        table.rows_of({**named, "job": [b"c", b"a"]}, FIELD)
    with pytest.raises(ConfigError, match=r"it has no column 'age'"):
        table.rows_of({"job": named["job"], "pay": named["pay"]}, FIELD)


def test_whole_numbers_with_gaps_are_floats():
    gaps = Column("age", "integer", range=(0.0, 9.0), missing=0.5, modes=AGE.modes)
    assert table.output_fields(field_of([gaps], None))["age"].dtype == "float32"


def test_modes_of_two_gaussians_and_a_value_of_its_own():
    random = np.random.RandomState(0)
    parts = (random.normal(0, 1, 400), random.normal(30, 2, 400), np.full(200, 12.0))
    modes = fitted(np.concatenate(parts).astype(np.float32), 10)
    weights = [sum(m.weight for m in modes if low < m.mean < high) for low, high in
               ((-5, 6), (11.9, 12.1), (20, 40))]  # fmt: skip
    assert weights == pytest.approx([0.4, 0.2, 0.4], abs=0.01)
    (own,) = (m for m in modes if m.mean == 12.0)
    assert own == Mode(12.0, 0.0, 0.0, 0.2)
    assert fitted(np.full(5, 3.25, np.float32), 10) == (Mode(3.25, 0.0, 0.0, 1.0),)
