import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.strokes import painted


def reference(stroke, side, width):
    """Distances to ten thousand places on the curve itself, without straight parts."""
    p, q, r = np.reshape(stroke, (3, 2)).astype(np.float64)
    t = np.linspace(0.0, 1.0, 10_001)[:, np.newaxis]
    curve = (1 - t) ** 2 * p + 2 * t * (1 - t) * q + t**2 * r
    picture = np.empty((side, side))
    for row in range(side):
        for column in range(side):
            off = curve - (column + 0.5, row + 0.5)
            picture[row, column] = width / 2 + 0.5 - np.sqrt((off**2).sum(axis=1)).min()
    return picture.clip(0.0, 1.0)


def test_a_straight_stroke_by_hand():
    """From (2, 3.5) to (6, 3.5), two pixels wide: row 3 is covered, its neighbours half."""
    picture = painted(tf.constant([[[2.0, 3.5, 4.0, 3.5, 6.0, 3.5]]]), 8, 2.0).numpy()[0, ..., 0]
    np.testing.assert_allclose(picture[:, 4], [0, 0, 0.5, 1, 0.5, 0, 0, 0], atol=1e-6)
    # Half a pixel beyond the end, and one and a half.
    np.testing.assert_allclose(picture[3], [0, 1, 1, 1, 1, 1, 1, 0], atol=1e-6)
    np.testing.assert_allclose(picture[2, 6], 1.5 - np.sqrt(0.25 + 1.0), atol=1e-6)


@pytest.mark.parametrize("width", [1.0, 1.5, 3.0])
def test_curves_are_painted_as_the_distances_to_them_say(width):
    strokes = np.random.RandomState(0).uniform(0.0, 12.0, (4, 1, 6)).astype(np.float32)
    for stroke, picture in zip(strokes, painted(strokes, 12, width).numpy(), strict=True):
        # Eight straight parts for a curve bent this much leave less than a tenth.
        np.testing.assert_allclose(picture[..., 0], reference(stroke, 12, width), atol=0.1)
    straight = strokes.copy()
    straight[..., 2:4] = (straight[..., :2] + straight[..., 4:]) / 2
    for stroke, picture in zip(straight, painted(straight, 12, width).numpy(), strict=True):
        np.testing.assert_allclose(picture[..., 0], reference(stroke, 12, width), atol=2e-3)


def test_where_strokes_overlap_the_brightest_is_seen():
    strokes = np.random.RandomState(1).uniform(0.0, 8.0, (3, 2, 6)).astype(np.float32)
    each = [painted(strokes[:, k : k + 1], 8, 1.5).numpy() for k in range(2)]
    np.testing.assert_allclose(painted(strokes, 8, 1.5), np.maximum(*each), atol=1e-6)
    twice = np.concatenate([strokes, strokes[:, 1:]], axis=1)
    np.testing.assert_array_equal(painted(twice, 8, 1.5), painted(strokes, 8, 1.5))


def test_a_stroke_of_no_length_is_a_point():
    picture = painted(tf.fill([1, 1, 6], 2.5), 5, 1.0).numpy()[0, ..., 0]
    expected = np.zeros((5, 5))
    expected[2, 2] = 1.0
    np.testing.assert_allclose(picture, expected, atol=1e-6)
