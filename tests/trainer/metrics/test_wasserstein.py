from itertools import permutations

import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics.wasserstein import error_by_parts, wasserstein_distance


def _normal(n, d=2, seed=0):
    return np.random.RandomState(seed).standard_normal((n, d)).astype(np.float32)


def test_a_shift_costs_its_length():
    real = _normal(200)
    moved = real[::-1] + np.array([3.0, 4.0])
    assert wasserstein_distance(real, moved).value == pytest.approx(5.0, rel=1e-6)
    assert wasserstein_distance(real, real[::-1]).value == pytest.approx(0.0, abs=1e-12)


def test_it_is_the_best_of_all_matchings():
    real, fake = _normal(6, seed=1).astype(float), _normal(6, seed=2).astype(float)
    costs = [np.linalg.norm(real - fake[list(p)], axis=1).mean() for p in permutations(range(6))]
    result = wasserstein_distance(real, fake)
    assert result == (pytest.approx(min(costs)), None)


def test_one_column_by_its_quantiles():
    """0 and 1 against 0, 0 and 3: pieces of 1/2, 1/6 and 1/3 that differ by 0, 1 and 2."""
    result = wasserstein_distance(np.array([[0.0], [1.0]]), np.array([[0.0], [0.0], [3.0]]))
    assert result.value == pytest.approx(1 / 6 * 1 + 1 / 3 * 2)
    many = wasserstein_distance(_normal(5000, 1), _normal(4000, 1, seed=1) + 2.0, max_points=10)
    assert many.value == pytest.approx(2.0, abs=4 * many.error)


def test_the_draw_is_the_seeds():
    real, fake = _normal(300), _normal(200, seed=1)
    first = wasserstein_distance(real, fake, max_points=50, seed=1)
    assert first == wasserstein_distance(real, fake, max_points=50, seed=1)
    assert first != wasserstein_distance(real, fake, max_points=50, seed=2)


@pytest.mark.parametrize("d", [1, 2])
def test_the_error_is_the_spread_of_repetitions(d):
    results = [
        wasserstein_distance(_normal(200, d, 2 * s), _normal(200, d, 2 * s + 1) + 1.0)
        for s in range(60)
    ]
    spread = np.std([x.value for x in results])
    assert np.mean([x.error for x in results]) == pytest.approx(spread, rel=0.25)


def test_the_error_of_a_mean_by_parts():
    real, fake = _normal(4000, 3), _normal(4000, 3, seed=1)
    error = error_by_parts(lambda r, f: r.mean(axis=0) - f.mean(axis=0), real, fake)
    np.testing.assert_allclose(error, np.sqrt(2 / 4000), rtol=0.6)
    assert error_by_parts(lambda r, f: 0.0, real[:49], fake) is None


def test_bad_points_get_a_sentence():
    with pytest.raises(MetricError, match="one extractor"):
        wasserstein_distance(_normal(5), _normal(5, 3))
    with pytest.raises(MetricError, match="NaN"):
        wasserstein_distance(_normal(5), _normal(5) * np.nan)
