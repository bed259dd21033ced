import pytest

from trainer.errors import MetricError
from trainer.metrics.molecules import count


def test_hand_made_sets():
    """10 samples, 8 of them valid, 4 different; the 5 of "a" and "b" are in the training data."""
    samples = ["a", "a", "a", "b", "b", "c", "d", "d", None, None]
    found = count(samples, {"a", "b", "z"})
    assert (found.valid.value, found.unique.value, found.novel.value) == (0.8, 0.5, 3 / 8)
    assert found.product.value == pytest.approx(0.8 * 0.5 * 3 / 8) and found.num_unique == 4


def test_one_molecule_for_ever_is_worth_little():
    found = count(["a"] * 100, set())
    assert (found.valid.value, found.unique.value, found.novel.value) == (1.0, 0.01, 1.0)


def test_nothing_valid_is_worth_nothing():
    assert [estimate.value for estimate in count([None, None], set())[:4]] == [0.0] * 4
    with pytest.raises(MetricError, match="no sample"):
        count([], set())
