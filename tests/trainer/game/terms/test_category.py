"""The category condition and its term, against values worked out by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from tests.specs import spec_of
from trainer import catalogue, randomness
from trainer.data.columns import Column, Mode, field_of
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.game.conditions.category import Category
from trainer.game.terms.category import GivenCategory

A = Column("a", "category", ("x", "y"), (0.75, 0.25))
N = Column("n", "real", range=(0.0, 1.0), modes=(Mode(0.5, 0.5, 0.1, 1.0),))
B = Column("b", "category", ("one", "two", "three"), (0.5, 0.5, 0.0))
SPEC = DataSpec({"sample": field_of([A, N, B], None)}, "", 10)


def test_a_category_is_one_of_all_columns():
    condition = Category(catalogue.CategoryCondition(), SPEC)
    field = condition.request["label"]
    assert field.names == ("a=x", "a=y", "b=one", "b=two", "b=three")
    assert field.marginal == (0.375, 0.125, 0.25, 0.25, 0.0)
    conditioning = condition.of_batch({"label": tf.constant([3], tf.int64)})["condition"]
    np.testing.assert_array_equal(conditioning, [[0, 0, 0, 1, 0]])
    examples = {"sample": np.array([[1, 0.5, 2]], np.float32)}
    assert condition.of_examples(examples)["label"].tolist() == [1]


def test_requests_draw_as_often_as_the_data_has_it():
    condition = Category(catalogue.CategoryCondition(), SPEC)
    keys = randomness.key_of(tf.range(20_000, dtype=tf.int64), "test")
    drawn = np.bincount(condition.draw(keys)["label"], minlength=5) / 20_000
    np.testing.assert_allclose(drawn, [0.375, 0.125, 0.25, 0.25, 0.0], atol=0.01)


def test_the_cross_entropy_is_of_the_column_that_was_asked_for():
    parts = SimpleNamespace(spec=SPEC)
    term = GivenCategory(catalogue.GivenCategory(weight=2.0), parts)
    made = tf.constant([[0.8, 0.2, 0.1, 1.0, 0.1, 0.2, 0.7], [0.8, 0.2, 0.1, 1.0, 0.1, 0.9, 0.0]])
    turn = SimpleNamespace(
        fake=SimpleNamespace(sample={"sample": made}),
        batch={"label": tf.constant([1, 4], tf.int64)},
    )
    losses = term.generator(turn)
    np.testing.assert_allclose(losses, [-2 * np.log(0.2), -2 * np.log(1e-30)], rtol=1e-5)


def test_other_samples_get_a_sentence():
    pictures = spec_of((4, 4, 1))
    with pytest.raises(ConfigError, match=r"'category', but samples are of kind image"):
        Category(catalogue.CategoryCondition(), pictures)
    with pytest.raises(ConfigError, match=r"'given_category', but samples are of kind image"):
        GivenCategory(catalogue.GivenCategory(), SimpleNamespace(spec=pictures))
    numbers = DataSpec({"sample": field_of([N], None)}, "", 10)
    with pytest.raises(ConfigError, match=r"no column of the table has two categories"):
        Category(catalogue.CategoryCondition(), numbers)
