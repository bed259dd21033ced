import numpy as np
import pytest
import tensorflow as tf

from trainer.data.modalities import seen, stored, tokens, unrounded
from trainer.errors import ConfigError
from trainer.fields import Field


def test_tokens_are_seen_as_one_hot_vectors_and_come_back():
    field = Field((3,), "int32", "tokens", names=("<end>", "a", "b", "c"))
    ids = tf.constant([[1, 3, 0], [2, 2, 1]], tf.int32)
    x = seen(ids, field)
    assert x.dtype == tf.float32
    np.testing.assert_array_equal(x[0], [[0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]])
    back = stored(x, field)
    assert back.dtype == tf.int32
    np.testing.assert_array_equal(back, ids)


def test_the_most_likely_symbol_is_stored():
    field = Field((2,), "int32", "tokens", names=("<end>", "a", "b"))
    np.testing.assert_array_equal(stored([[[0.2, 0.5, 0.3], [0.4, 0.1, 0.4]]], field), [[1, 0]])


def test_distributions_over_symbols_pass_as_they_are():
    field = Field((2,), "int32", "tokens", names=("a", "b"), about={"separator": ""})
    relaxed = tf.constant([[[0.25, 0.75], [0.5, 0.5]]])
    assert seen(relaxed, field) is relaxed
    assert unrounded(field).shape == (2, 2) and unrounded(field).dtype == "float32"
    assert stored(relaxed, unrounded(field)) is relaxed
    assert tokens.text(stored(relaxed, field), field).numpy().tolist() == [b"ba"]


def test_a_label_map_is_seen_as_a_channel_a_class_and_comes_back():
    field = Field((2, 2, 1), "uint8", "label_map", names=("a", "b", "c"))
    classes = tf.constant([[[2], [0]], [[1], [1]]], tf.uint8)
    x = seen(classes, field)
    assert x.dtype == tf.float32
    np.testing.assert_array_equal(x, [[[0, 0, 1], [1, 0, 0]], [[0, 1, 0], [0, 1, 0]]])
    back = stored(x, field)
    assert back.dtype == tf.uint8
    np.testing.assert_array_equal(back, classes)


def test_labels_stay_what_they_are():
    labels = tf.constant([3, 0], tf.int64)
    assert seen(labels, Field((), "int64", "label")) is labels
    assert stored(labels, Field((), "int64", "label")) is labels


@pytest.mark.parametrize("function", [seen, stored])
def test_a_kind_without_a_modality_gets_a_sentence(function):
    with pytest.raises(ConfigError, match=r"field of kind 'scalar'.*accepted are image, vector"):
        function(tf.zeros([1]), Field(kind="scalar"))
