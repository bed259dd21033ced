import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics import blocks
from trainer.metrics.inception import inception_score

_NINE_TO_ONE = np.log([[9.0, 1.0], [1.0, 9.0]])


@pytest.mark.parametrize(
    ("logits", "expected"),
    [
        # Nothing told apart; sure of one and the same class; sure of all four, equally often.
        (np.zeros((6, 3)), 1.0),
        (np.tile([800.0, 0.0, 0.0], (6, 1)), 1.0),
        (1e4 * np.eye(4), 4.0),
        (_NINE_TO_ONE, np.exp(0.9 * np.log(0.9 / 0.5) + 0.1 * np.log(0.1 / 0.5))),
        (_NINE_TO_ONE + 1000, 1.8**0.9 * 0.2**0.1),
    ],
)
def test_values_by_hand(logits, expected):
    assert inception_score(logits).value == pytest.approx(expected, rel=1e-12)


def test_neither_blocks_nor_order_matter(monkeypatch):
    logits = np.random.default_rng(0).normal(scale=2.0, size=(50, 10)).astype(np.float32)
    expected = inception_score(logits)
    assert inception_score(logits[::-1]) == pytest.approx(expected, rel=1e-12)
    monkeypatch.setattr(blocks, "TILE", 7)
    assert inception_score(logits) == pytest.approx(expected, rel=1e-12)


def test_splits_are_scored_one_by_one():
    logits = np.random.default_rng(0).normal(scale=2.0, size=(60, 5))
    scores = [inception_score(logits[begin : begin + 20]).value for begin in (0, 20, 40)]
    found = inception_score(logits, splits=3)
    assert found.value == pytest.approx(np.mean(scores), rel=1e-12)
    assert found.error == pytest.approx(np.std(scores, ddof=1) / np.sqrt(3), rel=1e-12)


def test_its_error_is_the_spread_over_new_samples():
    generator = np.random.default_rng(0)
    weights = np.arange(1, 9)
    estimates = []
    for _ in range(300):
        logits = generator.normal(size=(400, 8)) * generator.exponential(size=(400, 1)) * weights
        estimates.append(inception_score(logits))
    values, errors = np.array(estimates).T
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.15)


def test_what_it_refuses():
    logits = np.zeros((19, 3))
    with pytest.raises(MetricError, match="19 fake samples and at least 20"):
        inception_score(logits, splits=10)
    with pytest.raises(MetricError, match="splits is 0"):
        inception_score(logits, splits=0)
    logits[4, 1] = np.nan
    with pytest.raises(MetricError, match="number 4"):
        inception_score(logits)
