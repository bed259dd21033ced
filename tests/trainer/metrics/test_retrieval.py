"""Self-retrieval of texts, on counts of words that can be worked by hand."""

import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics.retrieval import recall


def test_a_true_caption_finds_its_picture():
    true = np.eye(4, dtype=int)
    for values in recall(true, true, at=(1, 2)).values():
        np.testing.assert_array_equal(values, 1.0)


def test_a_caption_of_another_picture_finds_that_one():
    true = np.eye(4, dtype=int)
    # Each says its neighbour's word: that one is ahead, the two others are as far as the own one.
    found = recall(np.roll(true, 1, axis=0), true, at=(1, 2, 4))
    np.testing.assert_allclose(found[1], 0.0)
    np.testing.assert_allclose(found[2], 1 / 3)
    np.testing.assert_allclose(found[4], 1.0)


def test_one_caption_for_all_finds_as_many_as_chance():
    true = np.eye(6, dtype=int)
    found = recall(np.ones((6, 6), int), true, among=3, at=(1, 2))
    np.testing.assert_allclose(found[1], 1 / 3)
    np.testing.assert_allclose(found[2], 2 / 3)


def test_likeness_counts_words_as_often_as_they_stand():
    true = np.array([[2, 0], [1, 1]])
    written = np.array([[2, 1], [1, 1]])
    # 2·2/5 beside 2·2/5 for the first: as like; the second is the true one.
    np.testing.assert_allclose(recall(written, true, at=(1,))[1], [0.5, 1.0])


def test_what_is_left_of_a_last_block_is_not_used():
    assert len(recall(np.ones((5, 2), int), np.ones((5, 2), int), among=2)[1]) == 4


def test_one_text_has_nothing_to_be_found_among():
    with pytest.raises(MetricError, match="less than two texts"):
        recall(np.ones((1, 2), int), np.ones((1, 2), int))
