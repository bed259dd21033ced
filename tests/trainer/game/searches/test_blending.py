"""Poisson blending against a dense solve of its normal equations."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.game.searches.blending import blended, neighbours

RANDOM = np.random.default_rng(0)
MADE = RANDOM.normal(size=(3, 6, 5, 2)).astype(np.float32)
WANTED = RANDOM.normal(size=(3, 6, 5, 2)).astype(np.float32)


def _dense(made, wanted, known):
    """Min Σ over neighbours p, q, one of them missing, of ((x_p - x_q) - (made_p - made_q))²."""
    height, width = known.shape
    unknown = {p: i for i, p in enumerate(zip(*np.nonzero(known == 0), strict=True))}
    rows, right = [], []
    for y in range(height):
        for x in range(width):
            for other in ((y + 1, x), (y, x + 1)):
                if other[0] >= height or other[1] >= width:
                    continue
                row, value = np.zeros(len(unknown)), made[y, x] - made[other]
                for place, sign in (((y, x), 1.0), (other, -1.0)):
                    if place in unknown:
                        row[unknown[place]] = sign
                    else:
                        value = value - sign * wanted[place]
                rows.append(row)
                right.append(value)
    solved = np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]
    out = wanted.copy()
    for place, i in unknown.items():
        out[place] = solved[i]
    return out


def _mask(kind):
    known = np.ones((6, 5), np.float32)
    if kind == "centre":
        known[1:5, 1:4] = 0
    elif kind == "half":
        known[:, 2:] = 0
    else:
        known[RANDOM.uniform(size=(6, 5)) < 0.8] = 0
    return known


@pytest.mark.parametrize("kind", ["centre", "half", "scattered"])
def test_it_is_the_dense_solution(kind):
    known = _mask(kind)
    mask = tf.constant(np.repeat(known[None, ..., None], 3, axis=0))
    found = blended(tf.constant(MADE), tf.constant(WANTED), mask, steps=40).numpy()
    for row in range(3):
        for channel in range(2):
            expected = _dense(MADE[row, ..., channel], WANTED[row, ..., channel], known)
            np.testing.assert_allclose(found[row, ..., channel], expected, atol=1e-4)


def test_with_nothing_missing_or_nothing_known_there_is_nothing_to_blend():
    ones = tf.ones([3, 6, 5, 1])
    np.testing.assert_array_equal(blended(MADE, WANTED, ones, 9), WANTED)
    np.testing.assert_array_equal(blended(MADE, WANTED, 0.0 * ones, 9), MADE)


def test_a_filling_that_is_too_bright_throughout_comes_out_right():
    mask = tf.constant(_mask("centre")[None, ..., None])
    found = blended(WANTED[:1] + 0.7, WANTED[:1], mask, steps=20)
    np.testing.assert_allclose(found, WANTED[:1], atol=1e-5)


def test_neighbours_outside_the_picture_are_none():
    count = neighbours(tf.ones([1, 2, 3, 1]))[0, :, :, 0]
    np.testing.assert_array_equal(count, [[2, 3, 2], [2, 3, 2]])
