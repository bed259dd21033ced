import numpy as np
import tensorflow as tf

from trainer.layers.squared_distance import SquaredDistance


def test_it_is_a_sum_over_all_that_a_row_has():
    a, b = np.zeros((2, 3, 2, 1)), np.zeros((2, 3, 2, 1))
    a[0], b[1, 0, 0], b[1, 2, 1] = 2.0, 3.0, -1.0
    distances = SquaredDistance()([tf.constant(a, tf.bfloat16), tf.constant(b, tf.float32)])
    np.testing.assert_array_equal(distances, [6 * 4.0, 9.0 + 1.0])
    assert distances.dtype == tf.float32
