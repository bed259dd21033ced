import numpy as np
import pytest
import tensorflow as tf

from trainer.data.modalities import seen, seen_field, stored, text, tokens
from trainer.fields import Field

FIELD = Field((4,), "int32", "text", names=(text.END, text.UNKNOWN, "a", "bird", "red", "é1"))


def ids(*texts):
    return text.ids(tf.constant(list(texts)), FIELD).numpy().tolist()


def test_texts_become_numbers_of_words_and_come_back():
    assert ids("a red bird", "A RED-Bird!", "é1  É1") == [[2, 4, 3, 0], [2, 4, 3, 0], [5, 5, 0, 0]]
    back = tokens.text(tf.constant(ids("a red bird"), tf.int32), FIELD)
    assert back.numpy().tolist() == [b"a red bird"]


def test_anything_at_all_is_a_caption():
    assert ids("") == [[0, 0, 0, 0]]
    assert ids("…!? \n") == [[0, 0, 0, 0]]
    assert ids("a purple bird") == [[2, 1, 3, 0]]
    assert ids("x" * 10_000, "red " * 2_500) == [[1, 0, 0, 0], [4, 4, 4, 4]]
    assert ids("красная 鸟 पक्षी", "<end> <unknown>") == [[1, 1, 1, 0], [1, 1, 0, 0]]
    assert ids(b"\xff\xfe red \xc3") == [[4, 0, 0, 0]]
    assert text.ids(tf.constant([], tf.string), FIELD).shape == (0, 4)


def test_a_mark_belongs_to_its_letter():
    """An accent that is a character of its own parts no word."""
    (row,) = text.words(tf.constant(["cafe\u0301 olé"])).to_list()
    assert len(row) == 2


def test_every_word_of_a_large_vocabulary_is_found_and_no_other_one():
    names = (text.END, text.UNKNOWN, *(f"w{i}" for i in range(5_000)))
    field = Field((1,), "int32", "text", names=names)
    found = text.ids(tf.constant(names[2:]), field).numpy()[:, 0]
    np.testing.assert_array_equal(found, np.arange(2, 5_002))
    others = text.ids(tf.constant([f"v{i}" for i in range(5_000)]), field).numpy()
    assert (others == 1).all()


def test_words_of_equal_hashes_are_not_mistaken(monkeypatch):
    """With a single bucket every word has the same hash, and one of the vocabulary is found."""
    monkeypatch.setattr(text, "_BUCKETS", 1)
    text._hashed.cache_clear()
    names = (text.END, text.UNKNOWN, "a", "b")
    found = text.ids(tf.constant(["a", "b", "c"]), Field((1,), "int32", "text", names=names))
    text._hashed.cache_clear()
    assert set(found.numpy()[:, 0].tolist()) <= {1, 2, 3}
    assert found[2, 0] == 1


def test_the_vocabulary_has_the_most_frequent_words_in_order():
    captions = [["b", "a", "c"], ["c", "b"], ["c", "d"]]
    assert text.vocabulary(captions, 2) == (text.END, text.UNKNOWN, "b", "c")
    # Of equally frequent ones the first of the alphabet.
    assert text.vocabulary(captions, 3)[2:] == ("a", "b", "c")


def test_players_see_the_numbers():
    values = tf.constant([[2, 4, 3, 0]], tf.int32)
    assert seen(values, FIELD) is values and stored(values, FIELD) is values
    assert seen_field(FIELD) == Field((4,), "int32", "text", names=FIELD.names)


@pytest.mark.parametrize("rows", [1, 3])
def test_a_graph_reads_what_eager_code_reads(rows):
    function = tf.function(lambda texts: text.ids(texts, FIELD))
    texts = tf.constant(["a red thing that is cut"] * rows)
    np.testing.assert_array_equal(function(texts), text.ids(texts, FIELD))
    assert function.get_concrete_function(tf.TensorSpec([None], tf.string)).output_shapes == (
        tf.TensorShape([None, 4])
    )
