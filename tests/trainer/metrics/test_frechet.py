import numpy as np
import pytest
from scipy import linalg

from trainer.errors import MetricError
from trainer.metrics import frechet as module
from trainer.metrics.frechet import Moments, frechet_distance, frechet_from_moments, moments


def _moments(mean, covariance):
    return Moments(np.array(mean, float), np.array(covariance, float), 100)


def _features(seed, count=300, width=6, shift=0.0, scale=1.0):
    generator = np.random.default_rng(seed)
    mixing = np.random.default_rng(width).normal(size=(width, width))
    return (scale * generator.normal(size=(count, width)) @ mixing + shift).astype(np.float32)


@pytest.mark.parametrize(
    ("real", "fake", "expected"),
    [
        (([0], [[1]]), ([3], [[4]]), 9 + (2 - 1) ** 2),
        (([1, 2], np.diag([1, 9])), ([0, 0], np.diag([4, 4])), 5 + 1 + 1),
        # Of a 2×2 matrix, tr √M = √(tr M + 2 √det M); here M = Σr Σf has trace 8 and determinant 9.
        (([0, 0], [[2, 1], [1, 2]]), ([0, 0], np.diag([1, 3])), 4 + 4 - 2 * np.sqrt(14)),
        # A constant feature on one side, on both, and nothing but constant features.
        (([0, 0], np.diag([1, 0])), ([0, 0], np.diag([4, 1])), 1 + 1),
        (([0, 0], np.diag([1, 0])), ([0, 2], np.diag([4, 0])), 1 + 4),
        (([0, 0], np.zeros([2, 2])), ([0, 1], np.eye(2)), 2 + 1),
        (([0, 0], np.zeros([2, 2])), ([3, 4], np.zeros([2, 2])), 25),
    ],
)
def test_of_known_gaussians_it_is_the_closed_form(real, fake, expected):
    real, fake = _moments(*real), _moments(*fake)
    assert frechet_from_moments(real, fake) == pytest.approx(expected, rel=1e-12)
    assert frechet_from_moments(fake, real) == pytest.approx(expected, rel=1e-12)


def test_it_is_the_formula_with_the_matrix_root():
    real, fake = moments(_features(0)), moments(_features(1, shift=0.3, scale=1.5))
    root = linalg.sqrtm(real.covariance @ fake.covariance).real
    difference = real.mean - fake.mean
    expected = difference @ difference + np.trace(real.covariance + fake.covariance - 2 * root)
    assert frechet_from_moments(real, fake) == pytest.approx(expected, rel=1e-10)


def test_small_eigenvalues_keep_their_digits():
    """Between Σ and 4Σ it is tr Σ, also where Σ's eigenvalues span sixteen orders of magnitude."""
    variances = 10.0 ** -np.arange(17)
    turn = linalg.qr(np.random.default_rng(0).normal(size=(17, 17)))[0]
    covariance = turn * variances @ turn.T
    zero = np.zeros(17)
    small = frechet_from_moments(Moments(zero, covariance, 99), Moments(zero, covariance, 99))
    assert 0.0 <= small < 1e-12
    value = frechet_from_moments(Moments(zero, covariance, 99), Moments(zero, 4 * covariance, 99))
    assert value == pytest.approx(np.trace(covariance), rel=1e-12)


def test_moments_are_numpys_whatever_the_blocks_and_the_order(monkeypatch):
    features = _features(0, count=50) + 1e4
    expected = np.cov(features.astype(np.float64), rowvar=False)
    for block in (1, 7, 50, 4096):
        monkeypatch.setattr(module, "_BLOCK", block)
        for rows in (features, features[::-1]):
            found = moments(rows)
            np.testing.assert_allclose(found.mean, features.mean(axis=0, dtype=float), rtol=1e-14)
            np.testing.assert_allclose(found.covariance, expected, rtol=1e-9)
            assert found.count == 50


def test_to_itself_it_is_zero_and_both_ways_the_same():
    real, fake = _features(0), _features(1, count=200, scale=2.0)
    assert 0.0 <= frechet_distance(real, real).value < 1e-10
    there, back = frechet_distance(real, fake), frechet_distance(fake, real)
    assert there.value == pytest.approx(back.value, rel=1e-10)
    assert there.error == pytest.approx(back.error, rel=1e-4)


def test_kept_moments_change_nothing():
    real, fake = _features(0), _features(1, shift=1.0)
    assert frechet_distance(real, fake, real_moments=moments(real)) == frechet_distance(real, fake)


@pytest.mark.parametrize("constant", [None, 3])
def test_its_error_is_the_spread_over_new_samples(constant):
    """Also with a feature that never varies on either side."""
    estimates = []
    for seed in range(300):
        real, fake = _features(seed, 400, 5), _features(seed + 1000, 250, 5, shift=0.5, scale=1.4)
        if constant is not None:
            real[:, constant] = fake[:, constant] = 7.0
        estimates.append(frechet_distance(real, fake))
    values, errors = np.array(estimates).T
    # The spread of 300 values is itself uncertain by 4 %.
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.15)


def test_each_side_has_its_share_of_the_error():
    """Σf = 4 in one dimension: d² = (2 − s)² in the real deviation s, of error (2 − s)²·2/n."""
    generator = np.random.default_rng(0)
    real, fake = generator.normal(size=(20000, 1)), 2 * generator.normal(size=(1000, 1))
    found = frechet_distance(real, fake)
    from_real, from_fake = 4 * 1 / (2 * 20000), 4 * 4 / (2 * 1000)
    assert found.error == pytest.approx(np.sqrt(from_real + from_fake), rel=0.1)


def test_what_it_refuses():
    real, fake = _features(0), _features(1)
    with pytest.raises(MetricError, match="6 samples of 6 features"):
        frechet_distance(real, fake[:6])
    with pytest.raises(MetricError, match="one extractor"):
        frechet_distance(real, fake[:, :5])
    with pytest.raises(MetricError, match="one extractor"):
        frechet_from_moments(moments(real), moments(fake[:, :5]))
    fake[3, 2] = np.nan
    with pytest.raises(MetricError, match="the first is number 3"):
        frechet_distance(real, fake)
