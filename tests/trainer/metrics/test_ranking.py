"""Rankings of odd above usual, by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from trainer.errors import MetricError
from trainer.metrics.ranking import area_under_roc, average_precision, detection, f1_of_as_many


def test_five_scores_by_hand():
    usual, odd = np.array([0.1, 0.4, 0.35]), np.array([0.8, 0.38])
    # Of six pairs the odd one wins in five. From above: odd, usual, odd: 1 and 2 of 3.
    assert area_under_roc(usual, odd) == pytest.approx(5 / 6)
    assert average_precision(usual, odd) == pytest.approx((1 + 2 / 3) / 2)
    assert f1_of_as_many(usual, odd) == pytest.approx(0.5)


@pytest.mark.parametrize("digits", [9, 1])
def test_it_agrees_with_scikit_learn(digits):
    """Rounded to one digit most scores are equal to others."""
    random = np.random.RandomState(0)
    usual, odd = random.normal(size=300).round(digits), random.normal(1.0, size=40).round(digits)
    scores, labels = np.concatenate([usual, odd]), np.repeat([0, 1], [300, 40])
    assert area_under_roc(usual, odd) == pytest.approx(roc_auc_score(labels, scores))
    assert average_precision(usual, odd) == pytest.approx(average_precision_score(labels, scores))
    if digits == 9:
        flagged = scores >= np.sort(scores)[-40]
        assert f1_of_as_many(usual, odd) == pytest.approx(f1_score(labels, flagged))


def test_equal_scores_are_chance():
    found = detection(np.zeros(90), np.zeros(10), 0.05)
    assert found.average_precision.value == pytest.approx(found.base_rate) == pytest.approx(0.1)
    assert found.area.value == 0.5 and found.f1.value == pytest.approx(0.1)
    assert found.recall.value == 0.0


def test_a_random_score_gives_the_base_rate_and_its_error_covers_it():
    random = np.random.RandomState(1)
    found = detection(random.uniform(size=2000), random.uniform(size=500), 0.1)
    for estimate, truth in ((found.average_precision, 0.2), (found.area, 0.5), (found.f1, 0.2)):
        assert abs(estimate.value - truth) < 4 * estimate.error < 0.15
    assert found.threshold == pytest.approx(0.9, abs=0.03)
    assert found.recall.value == pytest.approx(0.1, abs=0.05)


def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(MetricError, match="scores of odd examples"):
        detection(np.zeros(3), np.array([np.nan]), 0.1)
    with pytest.raises(MetricError, match="the 0 scores of usual"):
        detection(np.zeros(0), np.zeros(2), 0.1)
