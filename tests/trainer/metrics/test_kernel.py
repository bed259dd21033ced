import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics import blocks
from trainer.metrics.kernel import kernel_distance, maximum_mean_discrepancy, median_bandwidth


def _features(seed, count, shift=0.0, width=4):
    generator = np.random.default_rng(seed)
    return (generator.exponential(size=(count, width)) + shift).astype(np.float32)


def _gaussian(real, fake):
    return maximum_mean_discrepancy(real, fake, bandwidth=1.5)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        # In one dimension: (0·2 + 1)³ + (1·1 + 1)³ − 2·((0 + 1)³ + (2 + 1)³)/2
        (kernel_distance, 1 + 8 - 28),
        (
            lambda real, fake: maximum_mean_discrepancy(real, fake, bandwidth=1.0),
            np.exp(-2) + 1 - 2 * np.exp(-0.5),
        ),
    ],
)
def test_of_two_samples_a_side_it_is_worked_out_by_hand(metric, expected):
    real, fake = np.array([[0.0], [2.0]]), np.array([[1.0], [1.0]])
    assert metric(real, fake).value == pytest.approx(expected, rel=1e-14)


def test_it_is_the_sum_over_all_pairs_for_unequal_counts():
    real, fake = _features(0, 7).astype(float), _features(1, 5).astype(float)

    def mean(x, y, same):
        pairs = [(i, j) for i in range(len(x)) for j in range(len(y)) if not (same and i == j)]
        return np.mean([(x[i] @ y[j] / 4 + 1) ** 3 for i, j in pairs])

    expected = mean(real, real, True) + mean(fake, fake, True) - 2 * mean(real, fake, False)
    assert kernel_distance(real, fake).value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("metric", [kernel_distance, _gaussian])
def test_neither_blocks_nor_order_nor_direction_matter(metric, monkeypatch):
    real, fake = (side.astype(float) for side in (_features(0, 40), _features(1, 30, shift=0.5)))
    expected = metric(real, fake)
    assert metric(fake, real) == pytest.approx(expected, rel=1e-10)
    assert metric(real[::-1], fake[::-1]) == pytest.approx(expected, rel=1e-10)
    for tile in (1, 7, 32):
        monkeypatch.setattr(blocks, "TILE", tile)
        assert metric(real, fake) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("metric", [kernel_distance, _gaussian])
def test_to_itself_it_is_not_positive(metric):
    """A sample is paired with itself across, not within, where such pairs would be largest."""
    real = _features(0, 50)
    assert metric(real, real).value < 0.0


@pytest.mark.parametrize("metric", [kernel_distance, _gaussian])
@pytest.mark.parametrize("shift", [0.0, 0.4])
def test_it_is_unbiased_and_its_error_is_the_spread_over_new_samples(metric, shift):
    """Where both are one distribution, the error is careful: never below its second-order part."""
    estimates = np.array(
        [metric(_features(s, 80), _features(s + 1000, 50, shift)) for s in range(400)]
    )
    values, errors = estimates.T
    spread = values.std(ddof=1)
    error = np.sqrt(np.mean(errors**2))
    if shift == 0.0:
        assert abs(values.mean()) < 4 * spread / 20
        assert 0.9 * spread < error < 1.4 * spread
    else:
        assert values.mean() > spread
        assert error == pytest.approx(spread, rel=0.15)


def test_a_far_origin_takes_no_digits_from_the_gaussian():
    real, fake = _features(0, 40), _features(1, 30, shift=0.5)
    there = maximum_mean_discrepancy(real.astype(float) + 1e6, fake.astype(float) + 1e6, 1.5)
    assert there == pytest.approx(_gaussian(real, fake), rel=1e-7)


@pytest.mark.parametrize("metric", [kernel_distance, _gaussian])
def test_float32_features_lose_next_to_nothing(metric):
    real, fake = _features(0, 400, width=64), _features(1, 300, shift=0.01, width=64)
    expected = metric(real.astype(float), fake.astype(float))
    assert abs(metric(real, fake).value - expected.value) < 1e-6 * expected.error


def test_constant_features_are_equal():
    ones = np.ones((10, 3), np.float32)
    assert kernel_distance(ones, ones) == pytest.approx((0.0, 0.0), abs=1e-12)
    assert maximum_mean_discrepancy(ones, ones, bandwidth=1.0) == (0.0, 0.0)


def test_the_median_bandwidth():
    assert median_bandwidth(np.array([[0.0], [1.0], [3.0]])) == pytest.approx(2.0)
    real, fake = _features(0, 40), _features(1, 30)
    expected = maximum_mean_discrepancy(real, fake, bandwidth=median_bandwidth(real))
    assert maximum_mean_discrepancy(real, fake) == expected
    with pytest.raises(MetricError, match="coincide"):
        median_bandwidth(np.ones((10, 3)))


@pytest.mark.parametrize("metric", [kernel_distance, maximum_mean_discrepancy])
def test_what_it_refuses(metric):
    real, fake = _features(0, 10), _features(1, 10)
    with pytest.raises(MetricError, match="1 fake samples and at least 2"):
        metric(real, fake[:1])
    with pytest.raises(MetricError, match="one extractor"):
        metric(real, fake[:, :2])
    with pytest.raises(MetricError, match="NaN or infinite"):
        metric(real, np.full_like(fake, np.inf))


def test_a_bandwidth_must_be_positive():
    with pytest.raises(MetricError, match=r"bandwidth is 0\.0"):
        maximum_mean_discrepancy(_features(0, 10), _features(1, 10), bandwidth=0.0)
