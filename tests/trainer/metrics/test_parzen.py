import numpy as np
import pytest
from scipy.stats import norm

from trainer.errors import MetricError
from trainer.metrics import parzen as module
from trainer.metrics.parzen import choose_sigma, log_likelihood, parzen_log_likelihood


def _normal(n, d=3, seed=0):
    return np.random.RandomState(seed).standard_normal((n, d)).astype(np.float32)


def test_one_centre_has_a_closed_form():
    """-d/2·log(2πσ²) - ‖x - c‖²/2σ², with d = 2, σ = ½, ‖x - c‖² = 25."""
    value = log_likelihood(np.array([[3.0, 4.0]]), np.array([[0.0, 0.0]]), 0.5)
    np.testing.assert_allclose(value, [-np.log(2 * np.pi * 0.25) - 25 / 0.5])


def test_many_centres_are_a_mixture(monkeypatch):
    points, centres = _normal(9), _normal(7, seed=1)
    density = norm.pdf(points[:, None], centres[None], 0.3).prod(axis=2).mean(axis=1)
    values = log_likelihood(points, centres, 0.3)
    np.testing.assert_allclose(values, np.log(density), rtol=1e-6)
    monkeypatch.setattr(module, "_BLOCK_NUMBERS", 20)
    np.testing.assert_allclose(log_likelihood(points, centres, 0.3), values)


def test_far_points_do_not_underflow():
    value = log_likelihood(np.array([[1e3]]), np.array([[0.0], [1.0]]), 0.01)
    expected = -(999.0**2) / (2 * 0.01**2) - 0.5 * np.log(2 * np.pi * 0.01**2) - np.log(2)
    np.testing.assert_allclose(value, [expected])


def test_the_width_is_the_likeliest_one():
    """Around a single centre it is the root of the mean square distance along an axis."""
    validation, centre = 0.7 * _normal(4000), np.zeros((1, 3))
    assert choose_sigma(validation, centre, np.array([0.5, 0.6, 0.7, 0.8, 0.9])) == 0.7


def test_the_error_is_that_of_the_mean_over_test_points():
    test, fake = _normal(100), _normal(200, seed=1)
    result = parzen_log_likelihood(test, fake, _normal(100, seed=2))
    values = log_likelihood(test, fake, result.sigma)
    assert result.log_likelihood == pytest.approx((values.mean(), values.std(ddof=1) / 10))
    # Nothing is likelier than the true density, about -entropy = -3/2·log(2πe).
    assert result.log_likelihood.value < -1.5 * np.log(2 * np.pi * np.e) + 0.3


def test_bad_input_gets_a_sentence():
    good = _normal(10)
    with pytest.raises(MetricError, match=r"is the last, 0\.01"):
        choose_sigma(good, good)
    with pytest.raises(MetricError, match="not all positive"):
        log_likelihood(good, good, 0.0)
    with pytest.raises(MetricError, match="one extractor"):
        parzen_log_likelihood(good, _normal(10, d=2), good)
    with pytest.raises(MetricError, match="1 test point"):
        parzen_log_likelihood(good[:1], _normal(10, seed=1), good)
