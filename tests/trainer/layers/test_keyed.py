"""Keyed dropout: a function of each row's key, with the mean left alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer import randomness
from trainer.layers.keyed import KeyedDropout


def _keys(seeds):
    keys = randomness.key_of(tf.constant(seeds, tf.int64), "test")
    return tf.stack([keys.high, keys.low], axis=-1)


def test_a_row_depends_on_its_own_key_alone():
    layer, x = KeyedDropout(0.5, 0), tf.ones([3, 4, 4, 2])
    together = layer((x, _keys([7, 8, 9]))).numpy()
    alone = layer((x[:1], _keys([8]))).numpy()
    np.testing.assert_array_equal(together[1], alone[0])
    assert not np.array_equal(together[0], together[1])
    np.testing.assert_array_equal(together, layer((x, _keys([7, 8, 9])), training=True).numpy())


def test_layers_of_two_numbers_roll_dice_of_their_own():
    x, keys = tf.ones([1, 64]), _keys([7])
    first, second = (KeyedDropout(0.5, number)((x, keys)).numpy() for number in (0, 1))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.5])
def test_what_stays_is_divided_by_its_share(rate):
    values = KeyedDropout(rate, 0)((tf.ones([200, 100]), _keys(np.arange(200)))).numpy()
    assert set(np.unique(values)) <= {np.float32(0.0), np.float32(1.0) / np.float32(1.0 - rate)}
    assert (values == 0.0).mean() == pytest.approx(rate, abs=5 * np.sqrt(0.25 / 20000))


def test_it_keeps_bfloat16_and_has_no_state():
    inputs = {
        "x": keras.Input((8,), dtype="bfloat16", name="x"),
        "key": keras.Input((2,), dtype="uint32", name="key"),
    }
    layer = KeyedDropout(0.5, 0, dtype="mixed_bfloat16")
    model = keras.Model(inputs, layer((inputs["x"], inputs["key"])))
    made = model({"x": tf.ones([2, 8], tf.bfloat16), "key": _keys([1, 2])})
    assert made.dtype == tf.bfloat16 and made.shape == (2, 8)
    assert not model.variables
