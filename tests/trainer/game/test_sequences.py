"""Writing symbol by symbol: probabilities by hand, prefixes, and keys."""

import keras
import numpy as np
import tensorflow as tf

from trainer import randomness
from trainer.game import sequences
from trainer.game.players import Network
from trainer.game.roles import GENERATOR, Role

# p(first), and p(next | symbol) of a chain of three symbols.
FIRST = np.log([0.5, 0.3, 0.2])
CHAIN = np.log([[0.1, 0.6, 0.3], [0.2, 0.2, 0.6], [0.7, 0.1, 0.2]])


def chain(first=FIRST, following=CHAIN):
    """A cell whose next symbol depends on the present one alone."""
    symbols = len(first)
    symbol, state = keras.Input((symbols,), name="symbol"), keras.Input((1,), name="state")
    begun = keras.layers.Lambda(lambda s: tf.reduce_sum(s, -1, keepdims=True))(symbol)
    rows = keras.layers.Dense(symbols, use_bias=False, name="chain")
    start = keras.layers.Dense(symbols, use_bias=False, name="first")
    logits = rows(symbol) + start(1.0 - begun)
    model = keras.Model({"symbol": symbol, "state": state}, {"logits": logits, "state": state + 1})
    model.get_layer("chain").kernel.assign(following)
    model.get_layer("first").kernel.assign([first])
    return Network(model, Role("cell", GENERATOR, {}, {}))


def keys(count, seed=0):
    return randomness.key_of(tf.range(seed, seed + count, dtype=tf.int64), "test")


def test_log_probabilities_are_those_of_the_chain():
    ids = tf.constant([[0, 1, 2], [2, 0, 0]])
    expected = [
        [FIRST[0], CHAIN[0, 1], CHAIN[1, 2]],
        [FIRST[2], CHAIN[2, 0], CHAIN[0, 0]],
    ]
    np.testing.assert_allclose(sequences.log_probabilities(chain(), ids), expected, rtol=1e-5)


def test_a_symbol_is_where_the_distribution_passes_its_number():
    logits = tf.constant(np.log([[0.25, 0.5, 0.25]] * 6), tf.float32)
    numbers = tf.constant([0.0, 0.24, 0.26, 0.74, 0.76, 1.0 - 2.0**-24])
    np.testing.assert_array_equal(sequences.drawn(logits, numbers), [0, 0, 1, 1, 2, 2])
    impossible = tf.constant([[-np.inf, 0.0, -np.inf]], tf.float32)
    np.testing.assert_array_equal(sequences.drawn(impossible, tf.constant([0.0])), [1])


def test_frequencies_are_the_probabilities():
    count = 20_000
    ids = sequences.write(chain(), keys(count), 2).numpy()
    first = np.bincount(ids[:, 0], minlength=3) / count
    np.testing.assert_allclose(first, np.exp(FIRST), atol=5 * 0.5 / np.sqrt(count))
    behind = ids[ids[:, 0] == 0, 1]
    next_ = np.bincount(behind, minlength=3) / len(behind)
    np.testing.assert_allclose(next_, np.exp(CHAIN[0]), atol=5 * 0.5 / np.sqrt(len(behind)))


def test_completions_keep_their_beginnings_and_differ_behind_them():
    ids = sequences.write(chain(), keys(5), 6)
    made = sequences.completions(chain(), ids, keys(5, 100), 4).numpy()
    assert made.shape == (5, 4, 5, 6)
    for t in range(5):
        expected = np.broadcast_to(ids.numpy()[:, None, : t + 1], (5, 4, t + 1))
        np.testing.assert_array_equal(made[:, :, t, : t + 1], expected)
    assert len(np.unique(made[:, :, 0].reshape(-1, 6), axis=0)) > 10


def test_a_sequence_depends_on_its_key_alone():
    together = sequences.write(chain(), keys(20), 8).numpy()
    for place in (0, 7, 19):
        alone = sequences.write(chain(), keys(1, place), 8).numpy()
        np.testing.assert_array_equal(alone[0], together[place])
    ids = tf.constant(together)
    many = sequences.completions(chain(), ids, keys(20, 50), 3).numpy()
    one = sequences.completions(chain(), ids[4:5], keys(1, 54), 3).numpy()
    np.testing.assert_array_equal(one[0], many[4])


def test_a_low_temperature_takes_the_most_likely():
    cold = sequences.write(chain(), keys(10), 4, temperature=tf.zeros([10])).numpy()
    np.testing.assert_array_equal(cold, [[0, 1, 2, 0]] * 10)
    plain = sequences.write(chain(), keys(10), 4)
    warm = sequences.write(chain(), keys(10), 4, temperature=tf.ones([10]))
    np.testing.assert_array_equal(plain, warm)
