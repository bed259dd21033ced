"""Attributes as a condition: scaled each by itself, drawn by seed, checked at run time."""

import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data import attributes
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.conditions.attributes import Attributes
from trainer.game.conditions.together import together

ROWS = np.float32([[0, 20], [1, 60], [0, 30], [1, 40]])


def condition():
    field = attributes.measured(attributes.field_of(("smile", "age")), ROWS)
    spec = DataSpec({"sample": Field((2,)), "attributes": field}, "", 4)
    return Attributes(catalogue.AttributesCondition(), spec)


def test_a_request_is_told_to_the_players_like_the_data():
    conditioning = condition().encode({"attributes": tf.constant([[0.5, 40.0], [1.0, 80.0]])})
    np.testing.assert_allclose(conditioning["attributes"], [[0, 0], [1, 2]])
    assert condition().ports["attributes"] == Field((2,), kind="vector")


def test_attributes_of_training_examples_are_drawn_whole_by_seed():
    seeds = tf.range(2000, dtype=tf.int64)
    drawn = condition().draw(randomness.key_of(seeds, "label"))["attributes"].numpy()
    kinds, counts = np.unique(drawn, axis=0, return_counts=True)
    np.testing.assert_array_equal(kinds, np.unique(ROWS, axis=0))
    np.testing.assert_allclose(counts / 2000, 0.25, atol=0.04)
    again = condition().draw(randomness.key_of(tf.constant([7], tf.int64), "label"))
    np.testing.assert_array_equal(again["attributes"][0], drawn[7])


def test_beside_a_label_both_are_of_one_training_example():
    """Whichever stands first; what hangs together in the data is never put together otherwise."""
    labels = np.array([2, 0, 1, 0])
    field = attributes.measured(attributes.field_of(("smile", "age")), ROWS, labels)
    label = Field((), "int64", "label", names=("a", "b", "c"), marginal=(0.5, 0.25, 0.25))
    spec = DataSpec({"sample": Field((2,)), "attributes": field, "label": label}, "", 4)
    both = [catalogue.LabelCondition(), catalogue.AttributesCondition()]
    own = {tuple(row): label for row, label in zip(ROWS.tolist(), labels, strict=True)}
    for order in (both, both[::-1]):
        condition = together(catalogue.TogetherCondition(of=tuple(order)), spec)
        seeds = tf.range(200, dtype=tf.int64)
        drawn = condition.draw(randomness.key_of(seeds, "label"))
        asked = [own[tuple(row)] for row in drawn["attributes"].numpy().tolist()]
        np.testing.assert_array_equal(drawn["label"], asked)
        assert set(asked) == {0, 1, 2}
    assert "labels" not in condition.request["attributes"].about


def test_what_is_not_finite_fails_its_request():
    with pytest.raises(tf.errors.InvalidArgumentError, match="attributes must be finite"):
        condition().encode({"attributes": tf.constant([[0.0, np.nan]])})


def test_a_client_learns_names_ranges_and_means_and_no_examples():
    assert condition().describe() == {
        "kind": "attributes",
        "field": "attributes",
        "names": ["smile", "age"],
        "ranges": [[0.0, 1.0], [20.0, 60.0]],
        "means": [0.5, 37.5],
    }
    assert "rows" not in condition().request["attributes"].about


def test_data_without_attributes_are_refused():
    for fields, sentence in (
        ({"sample": Field((2,))}, r"received 'attributes', but the data's fields are sample"),
        (
            {"sample": Field((2,)), "attributes": Field((2,))},
            r"which is of kind vector; name one of kind attributes",
        ),
    ):
        with pytest.raises(ConfigError, match=sentence):
            Attributes(catalogue.AttributesCondition(), DataSpec(fields, "", 4))
