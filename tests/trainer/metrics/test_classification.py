import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics.classification import accuracy, share


def test_by_hand():
    predicted, asked = np.array([0, 0, 1, 1, 0, 2]), np.array([0, 0, 1, 1, 1, 2])
    result = accuracy(predicted, asked, num_classes=3)
    assert result.overall.value == pytest.approx(5 / 6)
    assert [result.by_class[c].value for c in range(3)] == pytest.approx([1.0, 2 / 3, 1.0])


def test_the_error_is_binomial_and_never_nothing():
    error = share(np.repeat([0, 1], [700, 300])).error
    assert error == pytest.approx(np.sqrt(0.3 * 0.7 / 1000), rel=0.01)
    # One hit and one miss more than two hits: a share of 3/4 in four.
    assert share(np.ones(2)).error == pytest.approx(np.sqrt(3 / 16 / 4))
    assert share(np.zeros(100)).error > 0.005


def test_the_error_is_the_spread_of_repetitions():
    random = np.random.RandomState(0)
    shares = [share(random.random_sample(200) < 0.1) for _ in range(400)]
    spread = np.std([x.value for x in shares])
    assert np.mean([x.error for x in shares]) == pytest.approx(spread, rel=0.15)


@pytest.mark.parametrize(
    ("predicted", "asked", "sentence"),
    [
        ([0, 1], [0, 0], "1 of 2 classes have no sample, the first is 1"),
        ([0, 2], [0, 1], "predicted labels go from 0 to 2, and there are 2 classes"),
        ([0, 1, 1], [0, 1], "3 predicted labels and 2 asked"),
        ([0.0, 1.0], [0, 1], "float64 of shape"),
        ([], [], "give integers"),
    ],
)
def test_bad_labels_get_a_sentence(predicted, asked, sentence):
    with pytest.raises(MetricError, match=sentence):
        accuracy(np.array(predicted), np.array(asked), num_classes=2)


def test_a_share_of_nothing_is_refused():
    for hits in (np.array([]), np.array([np.nan])):
        with pytest.raises(MetricError, match="at least one"):
            share(hits)
