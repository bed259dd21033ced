"""Patches that are dragged and warped, on pictures of four by four pixels."""

import numpy as np
import pytest

from serving.errors import UsageError
from serving.strokes import dragged

IMAGE = np.arange(16, dtype=np.uint8).reshape(4, 4, 1)


def _greys(strokes):
    """What is painted, and -1 where nothing is."""
    assert strokes.dtype == np.uint8 and set(np.unique(strokes[..., 3])) <= {0, 255}
    return np.where(strokes[..., 3] > 0, strokes[..., 1].astype(int), -1)


def test_a_patch_is_where_it_was_dragged_and_nothing_else_is_painted():
    found = _greys(dragged(IMAGE, (0, 0, 2, 2), (1, 2, 3, 4)))
    expected = [[-1] * 4, [-1, -1, 0, 1], [-1, -1, 4, 5], [-1] * 4]
    np.testing.assert_array_equal(found, expected)


def test_a_patch_is_warped_to_the_size_of_where_it_goes():
    wider = _greys(dragged(IMAGE, (0, 0, 1, 2), (3, 0, 4, 4)))
    np.testing.assert_array_equal(wider[3], [0, 0, 1, 1])
    smaller = _greys(dragged(IMAGE, (0, 0, 4, 4), (0, 0, 2, 2)))
    np.testing.assert_array_equal(smaller[:2, :2], [[5, 7], [13, 15]])


def test_what_lands_outside_is_lost():
    found = _greys(dragged(IMAGE, (0, 0, 2, 2), (-1, 3, 1, 5)))
    assert found[0, 3] == 4 and (found >= 0).sum() == 1


def test_colours_stay_colours_and_opacity_is_full():
    image = np.zeros((4, 4, 4), np.uint8)
    image[0, 0] = (10, 20, 30, 40)
    np.testing.assert_array_equal(
        dragged(image, (0, 0, 1, 1), (2, 2, 3, 3))[2, 2], [10, 20, 30, 255]
    )


@pytest.mark.parametrize(
    ("image", "box", "to", "words"),
    [
        (IMAGE / 255.0, (0, 0, 1, 1), (0, 0, 1, 1), "expected uint8"),
        (IMAGE[..., 0], (0, 0, 1, 1), (0, 0, 1, 1), "expected uint8"),
        (IMAGE, (1, 1, 1, 2), (0, 0, 1, 1), "box: .* is empty"),
        (IMAGE, (0, 0, 1, 1), (3, 3, 2, 4), "to: .* is empty"),
        (IMAGE, (0, 0, 5, 1), (0, 0, 1, 1), "leaves the picture of 4x4"),
        (IMAGE, (0, 0, 1, 1), (4, 0, 6, 2), "outside the picture of 4x4"),
    ],
)
def test_what_cannot_be_dragged_is_refused(image, box, to, words):
    with pytest.raises(UsageError, match=words):
        dragged(image, box, to)
