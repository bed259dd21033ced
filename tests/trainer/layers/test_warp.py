import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.warp import Warp, warp

PICTURE = np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)


def _flow(down, right):
    return np.broadcast_to(np.array([down, right], np.float32), (1, 3, 4, 2))


def test_whole_pixels_move_exactly_and_edges_are_repeated():
    np.testing.assert_array_equal(warp(PICTURE, _flow(0, 0)), PICTURE)
    moved = np.asarray(warp(PICTURE, _flow(1, -1)))[0, ..., 0]
    np.testing.assert_array_equal(moved, [[1, 2, 3, 3], [1, 2, 3, 3], [5, 6, 7, 7]])


def test_between_pixels_lies_their_mean_by_distance():
    moved = np.asarray(warp(PICTURE, _flow(0.0, 0.25)))[0, 1, :, 0]
    np.testing.assert_allclose(moved, [4.0, 4.75, 5.75, 6.75])
    moved = np.asarray(warp(PICTURE, _flow(-0.5, 0.0)))[0, :, 2, 0]
    np.testing.assert_allclose(moved, [4.0, 8.0, 10.0])


def test_each_row_and_channel_moves_by_its_own_flow():
    pictures = np.concatenate([PICTURE, -PICTURE], axis=-1).repeat(2, axis=0)
    flow = np.concatenate([_flow(0, 0), _flow(1, 0)])
    moved = np.asarray(Warp()((pictures, flow)))
    np.testing.assert_array_equal(moved[0], pictures[0])
    np.testing.assert_array_equal(moved[1, 1:], pictures[1, :2])


def test_a_flow_can_be_learned():
    """The gradient by the flow is minus the slope of the picture."""
    flow = tf.Variable(_flow(0.25, 0.5))
    with tf.GradientTape() as tape:
        inner = tf.reduce_sum(warp(PICTURE, flow)[0, 1, 1:3])
    gradient = tape.gradient(inner, flow)[0, 1, 1:3].numpy()
    assert gradient == pytest.approx(np.array([[-4.0, -1.0]] * 2))
