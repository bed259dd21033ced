import logging

import numpy as np

from trainer.data import captions
from trainer.data.modalities.text import END, UNKNOWN
from trainer.data.reading import Part, Row, Table

TEXTS = ["a red bird", "a bird", "A red, red tree in a wood"]


def test_the_vocabulary_is_made_of_the_captions(caplog):
    with caplog.at_level(logging.WARNING):
        field = captions.field_of(TEXTS, words=100, length=None)
    assert (field.kind, field.dtype, field.shape) == ("text", "int32", (7,))
    assert field.names == (END, UNKNOWN, "a", "bird", "in", "red", "tree", "wood")
    assert sorted(field.about["captions"]) == sorted(TEXTS)
    assert not caplog.records


def test_rare_words_and_long_captions_are_told_of_once(caplog):
    with caplog.at_level(logging.WARNING):
        field = captions.field_of(TEXTS, words=2, length=4)
        ids = captions.ids_of(TEXTS, field)
    assert field.names == (END, UNKNOWN, "a", "red") and field.shape == (4,)
    np.testing.assert_array_equal(ids, [[2, 3, 1, 0], [2, 1, 0, 0], [2, 3, 3, 1]])
    first, second = (record.getMessage() for record in caplog.records)
    assert "data.source.words: 4 rare words" in first and "'bird'" in first
    assert "data.source.length: 1 of the 3 training captions have more than 4 words" in second


def test_captions_without_a_word_are_rows_of_ends():
    field = captions.field_of(["?", "!"], words=10, length=None)
    np.testing.assert_array_equal(captions.ids_of(["?", "!"], field), [[0], [0]])


def test_wrong_captions_stand_in_a_table_of_their_own():
    own = Table(Part(iter([Row({}, "")] * 2), 2), labels=np.array([1, 0]))
    table = captions.wrong(own, np.array([[1, 2], [3, 4]], np.int32))
    assert [row.fields["wrong_text"].tolist() for row in table.train.rows] == [[1, 2], [3, 4]]
    assert table.train.count == 2 and table.held_out is None
    np.testing.assert_array_equal(table.labels, [1, 0])
    fields = captions.fields_of(captions.field_of(TEXTS, words=9, length=None))
    assert list(fields) == ["text", "wrong_text"] and not fields["wrong_text"].about


def test_captions_that_are_kept_have_the_classes_of_their_examples():
    """Equal captions of several classes among them, as often as each has it."""
    texts = ["a bird", "a tree", "a bird", "a bird", "a tree"]
    labels = np.array([0, 1, 2, 0, 3])
    field = captions.field_of(texts, words=9, length=None)
    ids = captions.ids_of(texts, field)
    about = captions.measured(field, ids, labels).about
    pairs = sorted(zip(about["captions"], about["labels"], strict=True))
    assert pairs == sorted(zip(texts, labels.tolist(), strict=True))
    assert captions.measured(field, ids, None) == field


def test_captions_whose_examples_cannot_be_read_are_dropped():
    field = captions.field_of(["a bird", "a tree", "a bird"], words=9, length=None)
    ids = captions.ids_of(["a bird"], field)
    about = captions.measured(field, ids, np.array([4])).about
    assert about == {"captions": ["a bird"], "labels": [4]}
