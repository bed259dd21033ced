import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from trainer.errors import MetricError
from trainer.metrics import sliced_wasserstein as module
from trainer.metrics.sliced_wasserstein import (
    directions,
    of_projections,
    project,
    project_blocks,
    sliced_wasserstein_distance,
)


def _normal(*shape, seed=0):
    return np.random.RandomState(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (7, 7), (6, 4), (13, 50), (100, 99)])
def test_a_direction_is_scipys_distance_for_any_counts(n, m):
    real, fake = _normal(n, 3).astype(float), _normal(m, 3, seed=1).astype(float)
    expected = [wasserstein_distance(r, f) for r, f in zip(real.T, fake.T, strict=True)]
    assert of_projections(real, fake).value == pytest.approx(np.mean(expected))


def test_two_points_by_hand():
    """Two single points a distance r apart in the plane: the mean of r·|cos| is 2r/π."""
    result = sliced_wasserstein_distance(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]), count=5000)
    assert result.value == pytest.approx(2 * 5 / np.pi, abs=4 * result.error)
    deviation = 5 * np.sqrt(0.5 - 4 / np.pi**2)
    assert result.error == pytest.approx(deviation / np.sqrt(5000), rel=0.05)


def test_directions_are_unit_vectors_of_the_seed():
    vectors = directions(5, 100, seed=3)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=0), 1.0)
    np.testing.assert_array_equal(vectors, directions(5, 100, seed=3))
    assert not np.allclose(vectors, directions(5, 100, seed=4))


def test_it_is_zero_on_itself_and_blind_to_order_and_blocks(monkeypatch):
    real, fake = _normal(200, 6), 1.5 * _normal(150, 6, seed=1)
    assert sliced_wasserstein_distance(real, real[::-1]).value == pytest.approx(0.0, abs=1e-12)
    expected = sliced_wasserstein_distance(real, fake)
    assert sliced_wasserstein_distance(real[::-1], fake[::-1]) == pytest.approx(expected)
    assert sliced_wasserstein_distance(fake, real) == pytest.approx(expected)
    monkeypatch.setattr(module, "_BLOCK_NUMBERS", 6 * 64)
    assert sliced_wasserstein_distance(real, fake) == pytest.approx(expected)


def test_it_scales_with_the_data():
    real, fake = _normal(200, 6), _normal(200, 6, seed=1) + 1.0
    once, twice = (
        sliced_wasserstein_distance(real, fake),
        sliced_wasserstein_distance(2 * real, 2 * fake),
    )
    assert twice == pytest.approx((2 * once.value, 2 * once.error))


def test_pictures_are_projected_as_a_stream():
    pictures = np.random.RandomState(0).randint(256, size=(10, 4, 4, 3)).astype(np.uint8)
    along = directions(48, 5, seed=0)
    whole = project(pictures, along)
    np.testing.assert_allclose(whole, pictures.reshape(10, 48).astype(float) @ along)
    np.testing.assert_allclose(project_blocks([pictures[:3], pictures[3:]], along), whole)


def test_the_error_is_the_spread_over_directions():
    real, fake = _normal(100, 4), _normal(100, 4, seed=1) * [1.0, 1.0, 1.0, 3.0]
    repeated = [sliced_wasserstein_distance(real, fake, count=40, seed=s) for s in range(60)]
    spread = np.std([x.value for x in repeated])
    assert np.mean([x.error for x in repeated]) == pytest.approx(spread, rel=0.25)
    assert sliced_wasserstein_distance(real, fake, count=1).error is None


def test_bad_features_get_a_sentence():
    good = _normal(5, 2)
    with pytest.raises(MetricError, match="take both from one extractor"):
        sliced_wasserstein_distance(good, good[:, :1])
    with pytest.raises(MetricError, match="NaN"):
        sliced_wasserstein_distance(good, np.where(good > 0, np.nan, good))
    with pytest.raises(MetricError, match="count of directions is 0"):
        sliced_wasserstein_distance(good, good, count=0)
