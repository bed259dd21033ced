import numpy as np
import pytest
from scipy.stats import norm

from trainer.errors import MetricError
from trainer.metrics.columns import compare_columns, varying


def _table(n, correlation=0.8, seed=0):
    noise = np.random.RandomState(seed).standard_normal((n, 3))
    noise[:, 1] = correlation * noise[:, 0] + np.sqrt(1 - correlation**2) * noise[:, 1]
    return (noise * [1.0, 10.0, 0.1] + [0.0, 5.0, -3.0]).astype(np.float32)


def test_a_table_does_not_differ_from_itself():
    real = _table(300)
    result = compare_columns(real, real[::-1])
    for column in result[:3]:
        np.testing.assert_allclose(column, np.zeros(3), atol=1e-6)
    assert [x.value for x in result[3:]] == pytest.approx([0.0] * 5, abs=1e-6)


def test_differences_are_in_units_of_the_real_column():
    real = _table(300)
    std = real.std(axis=0, dtype=np.float64)
    fake = (real - real.mean(axis=0)) * [1.0, 2.0, 0.5] + real.mean(axis=0) + [0.5, 0, 0] * std
    result = compare_columns(real, fake)
    np.testing.assert_allclose(result.mean_difference, [0.5, 0.0, 0.0], atol=1e-4)
    np.testing.assert_allclose(result.std_difference, [0.0, 1.0, -0.5], atol=1e-4)
    assert result.worst_mean.value == pytest.approx(0.5, abs=1e-4)
    assert result.worst_std.value == pytest.approx(1.0, abs=1e-4)
    assert result.worst_correlation.value == pytest.approx(0.0, abs=1e-4)


def test_a_shift_of_a_gaussian_has_its_kolmogorov_smirnov_distance():
    """The two distribution functions differ most half-way: Φ(δ/2) - Φ(-δ/2)."""
    real, fake = _table(20_000), _table(20_000, seed=1)
    fake[:, 0] += 1.0
    result = compare_columns(real, fake)
    expected = 2 * norm.cdf(0.5) - 1
    assert result.kolmogorov_smirnov[0] == pytest.approx(expected, abs=0.02)
    assert result.worst_kolmogorov_smirnov.value == result.kolmogorov_smirnov.max()
    assert result.mean_kolmogorov_smirnov.value == pytest.approx(result.kolmogorov_smirnov.mean())


def test_columns_shuffled_apart_lose_their_correlation_alone():
    real, fake = _table(5000), _table(5000, correlation=0.0, seed=1)
    result = compare_columns(real, fake)
    assert result.worst_correlation.value == pytest.approx(0.8, abs=0.05)
    assert result.worst_kolmogorov_smirnov.value < 0.05


def test_units_and_order_do_not_matter():
    real, fake = _table(400), _table(300, correlation=0.3, seed=1)
    plain = compare_columns(real, fake)
    other = compare_columns(100.0 * real[::-1] + 7, 100.0 * fake[::-1] + 7)
    for a, b in zip(plain[:3], other[:3], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    assert [x.value for x in other[3:]] == pytest.approx([x.value for x in plain[3:]], abs=1e-4)


def test_the_error_is_the_spread_of_repetitions():
    results = [
        compare_columns(_table(300, 0.8, 2 * s), _table(300, 0.2, 2 * s + 1)) for s in range(40)
    ]
    for name in ("worst_correlation", "mean_kolmogorov_smirnov"):
        estimates = [getattr(x, name) for x in results]
        spread = np.std([x.value for x in estimates])
        assert np.mean([x.error for x in estimates]) == pytest.approx(spread, rel=0.4)


def test_a_collapsed_fake_column_correlates_with_none():
    real, fake = _table(100), _table(100, seed=1)
    fake[:, 0] = 0.0
    result = compare_columns(real, fake)
    assert result.std_difference[0] == pytest.approx(-1.0)
    assert result.worst_correlation.value > 0.6
    assert compare_columns(real[:, :1], fake[:, 1:2]).worst_correlation.value == pytest.approx(0.0)


def test_few_rows_have_no_error():
    assert compare_columns(_table(20), _table(20, seed=1)).worst_mean.error is None


def test_bad_tables_get_a_sentence():
    real = _table(20)
    real[:, 1] = 4.0
    with pytest.raises(MetricError, match="1 real columns never vary, the first is number 1"):
        compare_columns(real, _table(20))
    assert varying(real).tolist() == [True, False, True]
    with pytest.raises(MetricError, match="one extractor"):
        compare_columns(_table(20), _table(20)[:, :2])
    with pytest.raises(MetricError, match="NaN"):
        compare_columns(_table(20), _table(20) * np.nan)
