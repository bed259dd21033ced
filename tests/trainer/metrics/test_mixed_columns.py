import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics.closest_record import closer_than, distances
from trainer.metrics.mixed_columns import associations, compare, jensen_shannon

CATEGORY = np.array([True, False])


def _table(n, seed=0):
    random = np.random.RandomState(seed)
    names = random.randint(0, 2, n)
    return np.stack([names, 3.0 * names + random.normal(size=n)], axis=1)


def test_a_table_does_not_differ_from_itself():
    real = _table(300)
    found = compare(real, real[::-1], CATEGORY)
    values = [found.wasserstein, found.jensen_shannon, found.association]
    assert [x.value for x in values] == pytest.approx([0.0] * 3, abs=1e-9)


def test_a_shifted_column_is_that_far_off_in_its_deviations():
    real = _table(500)
    fake = real + np.array([0.0, 2.0])
    found = compare(real, fake, CATEGORY)
    assert found.wasserstein.value == pytest.approx(2.0 / real[:, 1].std())
    assert found.jensen_shannon.value == 0.0 and found.worst == 1
    assert found.association.value == pytest.approx(0.0, abs=1e-9)


def test_jensen_shannon_of_two_coins():
    """Of shares that share nothing it is one; of (1, 0) and (½, ½) √(1 - ¾ log₂ 3 + ½)."""
    assert jensen_shannon(np.zeros(4), np.ones(6)) == pytest.approx(1.0)
    expected = np.sqrt(0.5 * np.log2(4 / 3) + 0.25 * np.log2(2 / 3) + 0.25 * np.log2(2))
    assert jensen_shannon(np.zeros(4), np.array([0.0, 1.0])) == pytest.approx(expected)


def test_gaps_count_as_a_category():
    real = np.array([[1.0], [2.0], [np.nan], [3.0]])
    found = compare(real, np.array([[1.0], [2.0], [3.0]]), np.array([False]))
    shares = jensen_shannon(np.array([0.0, 0.0, 1.0, 0.0]), np.zeros(3))
    assert found.wasserstein.value == 0.0
    assert found.jensen_shannon.value == pytest.approx(shares)


def test_associations_of_two_by_two():
    """Cramér's V of ((3, 1), (1, 3)) is ½, the correlation of the same numbers too."""
    pair = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [3, 1, 1, 3], axis=0).astype(float)
    for kinds in ([True, True], [False, False], [True, False]):
        found = associations(pair, np.array(kinds))
        assert found[0, 1] == pytest.approx(0.5) and found[0, 0] == 1.0
    assert associations(np.array([[1.0, 2], [1, 3]]), np.array([True, False]))[0, 1] == 0.0


def test_other_widths_get_a_sentence():
    with pytest.raises(MetricError, match=r"shapes \(3, 2\) and \(3, 1\) cannot be compared"):
        compare(np.zeros((3, 2)), np.zeros((3, 1)), CATEGORY)


def test_gowers_distance_by_hand():
    train = np.array([[0, 0.0], [1, 10.0]], np.float32)
    rows = np.array([[0, 0.0], [0, 5.0], [2, 9.0], [1, np.nan]], np.float32)
    found = distances(rows, train, CATEGORY)
    np.testing.assert_allclose(found, [0.0, 0.25, 0.55, 0.5], rtol=1e-6)


def test_half_is_closer_where_both_are_alike():
    assert closer_than(np.array([1.0, 2.0]), np.array([1.0, 2.0])).value == 0.5
    assert closer_than(np.array([0.0, 0.5]), np.array([1.0, 2.0])).value == 1.0
    random = np.random.RandomState(0)
    found = closer_than(random.uniform(size=2000), random.uniform(size=2000))
    assert abs(found.value - 0.5) < 4 * found.error and found.error == pytest.approx(
        0.0091, abs=5e-4
    )
