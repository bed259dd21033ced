import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics.ngrams import MarkovChain, distinct, divergence, words


def test_words_stand_within_their_sequences():
    ids = np.array([[1, 2, 3, 0], [4, 5, 0, 0], [6, 0, 0, 0]])
    lengths = np.array([3, 2, 1])
    assert words(ids, lengths, 2).tolist() == [[1, 2], [2, 3], [4, 5]]
    assert words(ids, lengths, 1).ravel().tolist() == [1, 2, 3, 4, 5, 6]
    for n in (4, 5):
        with pytest.raises(MetricError, match=f"no sequence has {n} symbols"):
            words(ids, lengths, n)


def test_distinct_words_are_counted_once():
    ids, ends = np.array([[1, 1, 2], [1, 2, 0]]), np.array([3, 2])
    assert distinct(words(ids, ends, 1)) == pytest.approx(2 / 5)
    assert distinct(words(ids, ends, 2)) == pytest.approx(2 / 3)


def test_divergence_is_worked_out_by_hand():
    one, other = np.array([[0, 1], [2, 2]]), np.array([[0, 1], [0, 1], [0, 1], [1, 0]])
    # p = (1/2, 1/2, 0), q = (3/4, 0, 1/4), their middle (5/8, 1/4, 1/8).
    p = 0.5 * np.log2(0.5 / 0.625) + 0.5 * np.log2(0.5 / 0.25)
    q = 0.75 * np.log2(0.75 / 0.625) + 0.25 * np.log2(0.25 / 0.125)
    assert divergence(one, other) == pytest.approx((p + q) / 2.0)
    assert divergence(one, one[::-1]) == 0.0
    assert divergence(one, np.array([[3, 3]])) == pytest.approx(1.0)


def test_large_vocabularies_do_not_overflow():
    long = np.full((2, 16), 40_000)
    other = long.copy()
    other[:, 0] = 39_999
    assert divergence(long, other) == pytest.approx(1.0)


def test_a_chain_of_one_circle_goes_round():
    ids = np.array([[0, 1, 2, 0, 1], [1, 2, 0, 1, 2]])
    made = MarkovChain(ids, 1).sample(200, seed=0)
    assert made.shape == (200, 5) and set(made[:, 0]) == {0, 1}
    assert ((made[:, 1:] - made[:, :-1]) % 3 == 1).all()


def test_a_chain_has_the_frequencies_of_what_it_counted():
    random = np.random.RandomState(0)
    ids = random.choice(3, size=(2000, 6), p=[0.6, 0.3, 0.1])
    made = MarkovChain(ids, 2).sample(2000, seed=1)
    lengths = np.full(2000, 6)
    # Half against half of as many words of two is about .0003.
    assert divergence(words(made, lengths, 2), words(ids, lengths, 2)) < 0.002


def test_a_chain_goes_on_where_nothing_followed():
    made = MarkovChain(np.array([[0, 1]]), 1).sample(5, seed=0)
    assert made.tolist() == [[0, 1]] * 5
    # Behind (1, 2) nothing ever stood, which a row that begins otherwise may meet too soon.
    assert MarkovChain(np.array([[0, 1, 2], [1, 2, 0]]), 2).sample(50, seed=0).max() <= 2


def test_contexts_that_cannot_be_numbered_get_a_sentence():
    with pytest.raises(MetricError, match="order 8 over 5001 symbols has too many contexts"):
        MarkovChain(np.array([[0, 5000]]), 8)
