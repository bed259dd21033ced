import numpy as np
import pytest
import tensorflow as tf

from trainer.data.modalities import tokens
from trainer.data.symbols import ids_of, lengths, rows_of
from trainer.errors import ConfigError
from trainer.fields import Field

WORDS = Field((4,), "int32", "tokens", names=("<end>", "the", "cat"))
LETTERS = Field((3,), "int32", "tokens", names=("A", "C"), about={"separator": ""})


@pytest.mark.parametrize(
    ("field", "ids"),
    [
        (WORDS, [[1, 2, 0, 0], [0, 0, 0, 0], [2, 1, 2, 1]]),
        (LETTERS, [[0, 1, 0], [1, 1, 1]]),
    ],
)
def test_texts_come_back(field, ids):
    texts = tokens.text(tf.constant(ids, tf.int32), field).numpy()
    back = rows_of({"text": texts}, field)
    assert back.dtype == np.int32 and back.tolist() == ids


@pytest.mark.parametrize(
    ("field", "text"),
    [(WORDS, "the dog"), (WORDS, "the cat the cat the"), (LETTERS, "AC"), (LETTERS, "ACT")],
)
def test_other_texts_get_a_sentence(field, text):
    with pytest.raises(ConfigError, match=f"TARGET: '{text}' is no sequence of .* symbols"):
        rows_of({"text": np.array([text.encode()], object)}, field)


def test_lengths_stop_at_the_first_end():
    ids = np.array([[1, 2, 0, 0], [0, 2, 0, 0], [2, 1, 2, 1]])
    assert lengths(ids, WORDS).tolist() == [2, 0, 4]
    assert lengths(np.zeros((2, 3), int), LETTERS).tolist() == [3, 3]


def test_shorter_sequences_are_filled_with_the_first_symbol():
    assert ids_of([["b"], ["a", "b"]], ("<end>", "a", "b"), 3).tolist() == [[2, 0, 0], [1, 2, 0]]
