import numpy as np
import pytest
from scipy.spatial.distance import cdist

from trainer.errors import MetricError
from trainer.metrics import neighbours
from trainer.metrics.neighbours import nearest, nearest_in_blocks


@pytest.fixture(params=[2**26, 17 * 5])
def any_block(request, monkeypatch):
    monkeypatch.setattr(neighbours, "_BLOCK_NUMBERS", request.param)


def _points(n, seed=0):
    return np.random.RandomState(seed).standard_normal((n, 5)).astype(np.float32)


def test_by_hand():
    found = nearest(np.array([[0.0], [9.0]]), np.array([[4.0], [-3.0], [8.5]]))
    np.testing.assert_array_equal(found.distances, [3.0, 0.5])
    np.testing.assert_array_equal(found.indices, [1, 2])


def test_it_is_the_full_search(any_block):
    queries, points = _points(40), _points(60, seed=1)
    expected = cdist(queries, points)
    found = nearest(queries, points)
    np.testing.assert_array_equal(found.indices, expected.argmin(axis=1))
    np.testing.assert_allclose(found.distances, expected.min(axis=1))


def test_none_is_its_own_neighbour_but_an_equal_one_is(any_block):
    points = np.concatenate([_points(50), _points(1)])
    expected = cdist(points, points) + np.diag(np.full(51, np.inf))
    found = nearest(points, points, exclude_self=True)
    np.testing.assert_allclose(found.distances, expected.min(axis=1), atol=1e-7)
    assert found.indices[0] == 50 and found.indices[50] == 0


def test_equal_samples_are_at_distance_zero_exactly():
    """Expanding the square leaves 1e-8 of a norm of 10 000."""
    points = 1e4 + _points(30)
    np.testing.assert_array_equal(nearest(points[::-1], points).distances, 0.0)


def test_a_stream_gives_what_the_whole_gives():
    queries, points = _points(20), np.round(40 * _points(60, seed=1)).astype(np.int8)
    whole = nearest(queries, points)
    stream = nearest_in_blocks(queries, [points[:1], points[1:25], points[25:]])
    np.testing.assert_array_equal(stream.indices, whole.indices)
    np.testing.assert_array_equal(stream.distances, whole.distances)
    some = np.array([3, 24, 25])
    own = nearest_in_blocks(points[some], [points[:25], points[25:]], own_rows=some)
    expected = nearest(points, points, exclude_self=True)
    np.testing.assert_array_equal(own.distances, expected.distances[some])


def test_bad_points_get_a_sentence():
    good = _points(3)
    with pytest.raises(MetricError, match="queries have 5 numbers and points 4"):
        nearest(good, good[:, :4])
    with pytest.raises(MetricError, match="NaN"):
        nearest(good, good * np.nan)
    with pytest.raises(MetricError, match="same array twice"):
        nearest(good, good[:2], exclude_self=True)
    with pytest.raises(MetricError, match="1 points are too few"):
        nearest(good[:1], good[:1], exclude_self=True)
    with pytest.raises(MetricError, match="0 points are too few"):
        nearest(good, good[:0])
