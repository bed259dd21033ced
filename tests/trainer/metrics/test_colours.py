import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics.colours import counts, intersection, lab


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0.0, 0.0)),
    ],
)
def test_primaries_have_their_published_places(colour, expected):
    found = lab(np.array([[colour]], np.uint8), (0.0, 255.0))
    np.testing.assert_allclose(found[0, 0], expected, atol=0.01)


def test_histograms_intersect_where_both_have_something():
    first, second = np.array([[2, 2, 0], [1, 0, 0]]), np.array([[0, 1, 3], [7, 0, 0]])
    np.testing.assert_allclose(intersection(first, second), [0.25, 1.0])


def test_every_pixel_is_counted_once_in_each_channel():
    pictures = np.random.RandomState(0).randint(0, 256, (2, 4, 5, 3)).astype(np.uint8)
    found = counts(lab(pictures, (0.0, 255.0)), 7)
    assert found.shape == (3, 7) and found.sum(axis=1).tolist() == [40, 40, 40]


def test_grey_pictures_have_no_colours():
    with pytest.raises(MetricError, match="three channels, and these have 1"):
        lab(np.zeros((1, 2, 2, 1)), (0.0, 1.0))
