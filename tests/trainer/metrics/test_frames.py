import numpy as np
import pytest

from trainer.errors import MetricError
from trainer.metrics import frames


def _clip(*pixels):
    """Clips of 1x2 pixels, a pair a frame."""
    return np.array([[[[[a], [b]]] for a, b in pixels]], np.float64)


def test_errors_are_sums_over_pixels():
    made, truth = _clip((0.0, 1.0), (0.5, 0.5)), _clip((1.0, 1.0), (0.0, 0.0))
    np.testing.assert_allclose(frames.squared_error(made, truth), [[1.0, 0.5]])
    # Changes: (0.5, -0.5) against (-1, -1).
    np.testing.assert_allclose(frames.motion_error(made, truth), [[2.25 + 0.25]])


def test_a_constant_error_is_no_error_of_motion():
    truth = np.random.default_rng(0).uniform(size=(2, 4, 3, 3, 1))
    np.testing.assert_allclose(frames.motion_error(truth + 0.25, truth), 0.0, atol=1e-12)
    np.testing.assert_allclose(frames.squared_error(truth + 0.25, truth), 9 / 16)


def test_blur_loses_gradients():
    sharp = np.zeros((1, 1, 4, 4, 1))
    sharp[0, 0, 1:3, 1:3] = 1.0
    assert frames.gradients(sharp)[0, 0] == 8.0
    np.testing.assert_allclose(frames.gradients(0.5 * sharp), 4.0)


def test_standing_still_predicts_the_last_or_the_mean_frame():
    given = _clip((0.0, 1.0), (0.5, 0.0))
    np.testing.assert_array_equal(frames.last_frame(given, 2), _clip((0.5, 0.0), (0.5, 0.0)))
    np.testing.assert_array_equal(frames.mean_frame(given, 1), _clip((0.25, 0.5)))


def test_a_small_thing_that_moves_is_nearer_to_black_than_to_where_it_was():
    given, truth = _clip((0.0, 1.0), (1.0, 0.0)), _clip((0.0, 1.0), (1.0, 0.0))
    black = frames.black_frame(given, 2)
    np.testing.assert_array_equal(black, np.zeros((1, 2, 1, 2, 1)))
    assert frames.squared_error(black, truth).tolist() == [[1.0, 1.0]]
    assert frames.squared_error(frames.last_frame(given, 2), truth).tolist() == [[2.0, 0.0]]


def test_unequal_clips_are_refused():
    with pytest.raises(MetricError, match=r"\(1, 2, 1, 2, 1\) cannot be compared"):
        frames.squared_error(np.zeros((1, 2, 1, 2, 1)), np.zeros((1, 3, 1, 2, 1)))
