"""What a search minimises, on pictures of four by four pixels."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.game.searches import terms


def _picture(*rows):
    return tf.constant(np.array(rows, np.float32)[None, ..., None])


ZERO = _picture(*[[0, 0, 0, 0]] * 4)
MADE = _picture([1, -1, 0, 0], [0.5, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, -2])
# The right half is missing.
LEFT = _picture(*[[1, 1, 0, 0]] * 4)


def test_differences_and_squares_are_weighted_sums():
    np.testing.assert_allclose(terms.differences(MADE, ZERO), [4.5])
    np.testing.assert_allclose(terms.differences(MADE, ZERO, LEFT), [2.5])
    np.testing.assert_allclose(terms.squares(MADE, ZERO, LEFT), [2.25])
    both = tf.concat([MADE, ZERO], axis=0)
    np.testing.assert_allclose(terms.differences(both, ZERO, LEFT), [2.5, 0.0])


def test_structure_compares_neighbours_that_are_known():
    # Down: |.5 - 1|, |0 + 1|, |0 - .5| of the left half; along: |-1 - 1| and |0 - .5|.
    np.testing.assert_allclose(terms.structure(MADE, ZERO, LEFT), [0.5 + 1 + 0.5 + 2 + 0.5])
    # A picture that is brighter throughout has the same structure.
    np.testing.assert_allclose(terms.structure(MADE + 0.3, MADE, LEFT), [0.0], atol=1e-6)
    np.testing.assert_allclose(terms.structure(MADE, ZERO, ZERO), [0.0])


def test_edges_are_compared_where_something_is_drawn_and_around_it():
    # One pixel is drawn, the second of the first row, half opaque: its three neighbours count.
    alpha = _picture([0, 0.5, 0, 0], *[[0, 0, 0, 0]] * 3)
    # Left |1 - -1|, right |-1 - 0|, below |-1 - 0|.
    np.testing.assert_allclose(terms.edges(MADE, ZERO, alpha), [0.5 * (2 + 1 + 1)])
    np.testing.assert_allclose(terms.edges(MADE + 0.7, MADE, alpha), [0.0], atol=1e-6)
    np.testing.assert_allclose(terms.edges(MADE, ZERO, ZERO), [0.0])


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        # In windows of three that end with the picture: column 0 sees columns 0 and 1, column 1
        # sees 0 to 2, of which one is missing.
        ("missing", [0, 1 / 3, 0, 0]),
        ("known", [1, 2 / 3, 0, 0]),
        ("alike", [1, 1, 0, 0]),
    ],
)
def test_weights_of_the_context(counted, expected):
    weights = terms.context_weights(LEFT, 3, counted)
    np.testing.assert_allclose(weights[0, :, :, 0], [expected] * 4, rtol=1e-6)


def test_a_mask_of_ones_or_zeros_weighs_nothing():
    for known in (tf.ones_like(LEFT), tf.zeros_like(LEFT)):
        np.testing.assert_array_equal(
            terms.context_weights(known, 3, "missing"), tf.zeros_like(LEFT)
        )
