import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics.birthday import birthday_test, close_pairs, support, threshold


def _normal(n, seed=0, d=10):
    return np.random.RandomState(seed).standard_normal((n, d)).astype(np.float32)


def _generator(num_images, n, seed):
    """So many different images, each a little different every time."""
    drawn = np.random.RandomState(seed).randint(num_images, size=n)
    return _normal(num_images, 1)[drawn] + 1e-3 * _normal(n, seed + 1)


@pytest.mark.parametrize("num_images", [20, 300])
def test_a_known_support_is_found_within_its_error(num_images):
    result = birthday_test(_normal(500), _generator(num_images, 500, seed=7)).fake
    assert not result.is_lower_bound
    assert abs(result.size.value - num_images) < 3 * result.size.error
    assert result.size.error / result.size.value == pytest.approx(result.collisions**-0.5)


def test_the_error_is_the_spread_of_repetitions():
    results = [birthday_test(_normal(200), _generator(300, 200, 10 * s)).fake for s in range(50)]
    spread = np.std([1 / x.size.value for x in results]) * 300
    expected = np.mean([x.collisions for x in results]) ** -0.5
    assert spread == pytest.approx(expected, rel=0.3)


def test_real_samples_mark_the_ceiling():
    result = birthday_test(_normal(1000), _normal(1000, seed=5))
    # Ten samples have a neighbour within the threshold: five pairs, or up to ten.
    assert 5 <= result.real.collisions <= 10
    assert result.real.size.value == pytest.approx(999 * 1000 / 2 / result.real.collisions)
    assert not result.fake.is_lower_bound
    assert abs(result.fake.size.value - result.real.size.value) < 3 * result.fake.size.error


def test_no_collision_is_a_bound():
    result = support(100, 0)
    assert result.is_lower_bound and result.size == (pytest.approx(100 * 99 / 2 / np.log(2)), None)
    # With that support no collision is as likely as not, and one collision says less.
    assert np.exp(-100 * 99 / 2 / result.size.value) == pytest.approx(0.5)
    assert result.size.value > support(100, 1).size.value


def test_by_hand():
    points = np.array([[0.0], [0.1], [0.2], [5.0]])
    assert close_pairs(points, 0.15) == 2
    assert close_pairs(points, 0.25) == 3
    assert support(4, 3).size.value == pytest.approx(4 * 3 / (2 * 3))
    assert threshold(points, 0.25) == pytest.approx(0.1, rel=1e-4)


def test_real_duplicates_leave_exact_repetitions_to_count():
    real = np.repeat(_normal(100), 2, axis=0)
    limit = threshold(real)
    assert 0.0 < limit < 1e-5
    assert close_pairs(real - real.mean(axis=0), limit) == 100


def test_bad_features_get_a_sentence():
    with pytest.raises(MetricError, match="all real samples are equal"):
        birthday_test(np.full((10, 2), 0.1), _normal(10, d=2))
    with pytest.raises(MetricError, match="one extractor"):
        birthday_test(_normal(10), _normal(10, d=2))
    with pytest.raises(MetricError, match="at least 2"):
        birthday_test(_normal(10), _normal(1))
