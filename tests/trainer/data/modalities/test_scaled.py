import numpy as np
import pytest
import tensorflow as tf

from trainer.data.modalities import seen, stored
from trainer.fields import Field


def field(dtype: str, limits: tuple[float, float]) -> Field:
    return Field((2,), dtype, "vector", limits)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_integers_come_back_exactly(dtype):
    top = np.iinfo(dtype).max
    values = np.arange(top + 1, dtype=dtype)
    x = seen(tf.constant(values), field(dtype, (0.0, float(top))))
    assert x.dtype == tf.float32
    assert (x[0].numpy(), x[-1].numpy()) == (-1.0, 1.0)
    back = stored(x, field(dtype, (0.0, float(top))))
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, values)


def test_integers_are_rounded_and_clipped():
    x = tf.constant([-3.0, -1.0 + 0.9 / 127.5, -1.0 + 0.4 / 127.5, 3.0])
    np.testing.assert_array_equal(stored(x, field("uint8", (0.0, 255.0))), [0, 1, 0, 255])


def test_ring_is_not_changed_at_all():
    points = tf.constant(np.random.RandomState(0).normal(size=(100, 2)).astype(np.float32))
    ring = field("float32", (-1.0, 1.0))
    np.testing.assert_array_equal(seen(points, ring), points)
    np.testing.assert_array_equal(stored(points, ring), points)


def test_floats_map_their_range_and_are_not_clipped():
    wide = field("float32", (-2.0, 6.0))
    x = seen(tf.constant([-2.0, 2.0, 6.0, 10.0]), wide)
    np.testing.assert_array_equal(x, [-1.0, 0.0, 1.0, 2.0])
    np.testing.assert_array_equal(stored(x, wide), [-2.0, 2.0, 6.0, 10.0])


def test_half_precision_is_read_in_float32():
    half = tf.constant([-1.0, 1.0], tf.bfloat16)
    np.testing.assert_array_equal(stored(half, field("uint16", (0.0, 65535.0))), [0, 65535])
