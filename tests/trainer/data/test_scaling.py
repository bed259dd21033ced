import numpy as np
import pytest
import tensorflow as tf

from trainer.data.examples import DataSpec
from trainer.data.scaling import denormalise, normalise


def spec(dtype: str, value_range: tuple[float, float]) -> DataSpec:
    return DataSpec((2,), dtype, value_range, (), (), "", 10)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_integers_come_back_exactly(dtype):
    top = np.iinfo(dtype).max
    values = np.arange(top + 1, dtype=dtype)
    x = normalise(tf.constant(values), spec(dtype, (0.0, float(top))))
    assert x.dtype == tf.float32
    assert (x[0].numpy(), x[-1].numpy()) == (-1.0, 1.0)
    back = denormalise(x, spec(dtype, (0.0, float(top))))
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, values)


def test_integers_are_rounded_and_clipped():
    x = tf.constant([-3.0, -1.0 + 0.9 / 127.5, -1.0 + 0.4 / 127.5, 3.0])
    np.testing.assert_array_equal(denormalise(x, spec("uint8", (0.0, 255.0))), [0, 1, 0, 255])


def test_ring_is_not_changed_at_all():
    points = tf.constant(np.random.RandomState(0).normal(size=(100, 2)).astype(np.float32))
    ring = spec("float32", (-1.0, 1.0))
    np.testing.assert_array_equal(normalise(points, ring), points)
    np.testing.assert_array_equal(denormalise(points, ring), points)


def test_floats_map_their_range_and_are_not_clipped():
    wide = spec("float32", (-2.0, 6.0))
    x = normalise(tf.constant([-2.0, 2.0, 6.0, 10.0]), wide)
    np.testing.assert_array_equal(x, [-1.0, 0.0, 1.0, 2.0])
    np.testing.assert_array_equal(denormalise(x, wide), [-2.0, 2.0, 6.0, 10.0])


def test_half_precision_is_read_in_float32():
    half = tf.constant([-1.0, 1.0], tf.bfloat16)
    np.testing.assert_array_equal(denormalise(half, spec("uint16", (0.0, 65535.0))), [0, 65535])
