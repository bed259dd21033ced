"""Augmentations, each by hand."""

import numpy as np
import pytest
import tensorflow as tf

from trainer import randomness
from trainer.game.augmentations import AUGMENTATIONS, Draw, colour, cutout, translation

PICTURES = tf.random.stateless_uniform([3, 8, 6, 3], [1, 2], -1.0, 1.0)
KEYS = randomness.key_of(tf.range(3, dtype=tf.int64), "augment")
ALL, NONE = tf.fill([3], True), tf.fill([3], False)


def _numbers(*values):
    return tf.tile(tf.constant([values]), [3, 1])


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_rows_that_are_not_changed_stay_what_they_are(name):
    function, numbers = AUGMENTATIONS[name]
    u = tf.fill([3, numbers], 0.1)
    some = tf.constant([True, False, True])
    one = function(PICTURES, u, some).numpy()
    np.testing.assert_allclose(one[1], PICTURES[1], atol=1e-6)
    for row in (0, 2):
        assert np.abs(one[row] - PICTURES[row]).max() > 1e-3
    np.testing.assert_allclose(function(PICTURES, u, NONE), PICTURES, atol=1e-6)


def test_colours_move_about_their_means():
    x = PICTURES.numpy()
    bright = colour(PICTURES, _numbers(0.75, 0.5, 0.5), ALL)
    np.testing.assert_allclose(bright, x + 0.25, atol=1e-6)
    grey = colour(PICTURES, _numbers(0.5, 0.0, 0.5), ALL)
    expected = np.broadcast_to(x.mean(axis=3, keepdims=True), x.shape)
    np.testing.assert_allclose(grey, expected, atol=1e-6)
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    flat = colour(PICTURES, _numbers(0.5, 0.5, 0.0), ALL)
    np.testing.assert_allclose(flat, mean + 0.5 * (x - mean), atol=1e-6)


@pytest.mark.parametrize(("u", "rows", "columns"), [((0.0, 0.9), -1, 1), ((0.5, 0.5), 0, 0)])
def test_what_is_moved_leaves_zeros_behind(u, rows, columns):
    """An eighth of 8 and of 6 rounds to one pixel."""
    moved = translation(PICTURES, _numbers(*u), ALL).numpy()
    expected = np.zeros_like(moved)
    padded = np.pad(PICTURES, ((0, 0), (1, 1), (1, 1), (0, 0)))
    expected[:] = padded[:, 1 + rows : 9 + rows, 1 + columns : 7 + columns]
    np.testing.assert_allclose(moved, expected, atol=1e-6)


def test_a_window_of_half_the_sides_is_cut_out_whose_centre_lies_anywhere():
    """Centres on 0 … 8 rows (a window of 4) and 0 … 5 columns (a window of 3)."""
    middle = cutout(tf.ones_like(PICTURES), _numbers(0.5, 0.5), ALL).numpy()
    expected = np.ones((8, 6))
    expected[2:6, 2:5] = 0.0
    np.testing.assert_array_equal(middle[0, :, :, 0], expected)
    corner = cutout(tf.ones_like(PICTURES), _numbers(0.0, 0.999), ALL).numpy()
    expected = np.ones((8, 6))
    expected[:2, 4:] = 0.0
    np.testing.assert_array_equal(corner[0, :, :, 0], expected)


def test_each_is_done_with_its_probability_by_the_rows_own_key():
    keys = randomness.key_of(tf.range(2000, dtype=tf.int64), "augment")
    ones = tf.ones([2000, 4, 4, 1])
    cut = Draw(("cutout",), keys, 0.3)(ones).numpy().min(axis=(1, 2, 3)) == 0.0
    assert abs(cut.mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 2000)
    alone = Draw(("cutout",), randomness.Key(keys.high[7:8], keys.low[7:8]), 0.3)(ones[7:8])
    np.testing.assert_array_equal(alone[0], Draw(("cutout",), keys, 0.3)(ones)[7])
    for probability, changed in ((0.0, False), (1.0, True)):
        drawn = Draw(tuple(AUGMENTATIONS), KEYS, probability)(PICTURES)
        assert bool(np.abs(drawn - PICTURES).max() > 1e-3) is changed


def test_pictures_of_one_row_are_changed_alike():
    draw = Draw(("translation", "cutout"), KEYS, 1.0)
    np.testing.assert_array_equal(draw(PICTURES), draw(tf.identity(PICTURES)))


def test_a_label_map_moves_with_its_picture_and_keeps_its_colours():
    pictures = tf.random.stateless_uniform([3, 8, 8, 2], [1, 2])
    moved = Draw(("colour", "translation"), KEYS, 1.0)(pictures, moves_only=True)
    alone = _translated(pictures, KEYS)
    np.testing.assert_array_equal(moved, alone)
    assert np.abs(moved - pictures).max() > 0.0


def _translated(pictures, keys):
    """By the numbers that follow those of the colours."""
    numbers = randomness.uniform(keys, 4 + 3)[:, 4:]
    return translation(pictures, numbers[:, 1:], numbers[:, 0] < 1.0)


def test_gradients_flow_through_all_of_them():
    """Of the sum of a moved and cut picture: one for each pixel that is still there."""
    with tf.GradientTape() as tape:
        tape.watch(PICTURES)
        total = tf.reduce_sum(Draw(("colour", "translation", "cutout"), KEYS, 1.0)(PICTURES))
    gradient = tape.gradient(total, PICTURES).numpy()
    assert np.isfinite(gradient).all()
    left = Draw(("translation", "cutout"), KEYS, 1.0)
    with tf.GradientTape() as tape:
        tape.watch(PICTURES)
        total = tf.reduce_sum(left(PICTURES))
    gradient = tape.gradient(total, PICTURES).numpy()
    assert set(np.unique(gradient)) == {0.0, 1.0}
