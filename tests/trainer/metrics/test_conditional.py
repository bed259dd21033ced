import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics.conditional import mean_distance, relative_distance
from trainer.metrics.estimate import Estimate


def test_distances_of_three_pairs_by_hand():
    a = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]])
    b = np.array([[3.0, 4.0], [1.0, 1.0], [2.0, 1.0]])  # 5, 0 and 1 apart
    found = mean_distance(a, b)
    assert found.value == pytest.approx(2.0)
    assert found.error == pytest.approx(np.sqrt(7.0 / 3.0))
    relative = relative_distance(a, b, Estimate(4.0, 0.5))
    assert relative.value == pytest.approx(0.5)
    # The errors of both, each by what it moves the ratio: √7/3 / 4 and .5 · .5 / 4.
    assert relative.error == pytest.approx(np.hypot(np.sqrt(7.0 / 3.0) / 4, 0.25 / 4))
    assert relative_distance(a, a, Estimate(4.0, None)).value == 0.0


@pytest.mark.parametrize(
    ("a", "b", "unit", "words"),
    [
        (np.zeros([2, 3]), np.zeros([3, 3]), 1.0, "give two alike"),
        (np.zeros([1, 3]), np.zeros([1, 3]), 1.0, "give two alike"),
        (np.full([2, 3], np.nan), np.zeros([2, 3]), 1.0, "NaN or infinite"),
        (np.zeros([2, 3]), np.zeros([2, 3]), 0.0, "no unit"),
    ],
)
def test_what_has_no_distance_gets_a_sentence(a, b, unit, words):
    with pytest.raises(MetricError, match=words):
        relative_distance(a, b, Estimate(unit, None))
