import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics.motifs import occurrences
from trainer.metrics.word_regression import WordRegression


def test_a_property_that_counts_words_is_found():
    random = np.random.RandomState(0)
    ids, other = random.randint(4, size=(2, 800, 12))

    def worth(ids):
        return 3.0 + 2.0 * occurrences(ids, np.array([1, 2, 3])) - occurrences(ids, np.array([0]))

    predict = WordRegression(ids, worth(ids), 4)
    np.testing.assert_allclose(predict(other), worth(other), atol=0.05)


def test_one_column_is_ridge_regression_by_hand():
    # The words 0, 1, 00 and 11 vary: four columns of v = (-1, 1) and -v, which share a slope s.
    ids = np.array([[0, 0], [1, 1]])
    predict = WordRegression(ids, np.array([1.0, 5.0]), 2)
    # v · v (4 s) + s = v · (-2, 2).
    slope = 4.0 / 9.0
    np.testing.assert_allclose(predict(ids), [3.0 - 4 * slope, 3.0 + 4 * slope])


def test_a_single_sequence_is_too_few():
    with pytest.raises(MetricError, match="1 sequences are too few"):
        WordRegression(np.array([[0, 1]]), np.array([1.0]), 2)
