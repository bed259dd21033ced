"""Writing symbol by symbol: probabilities by hand, prefixes, keys, and relaxed symbols."""

import keras
import numpy as np
import pytest
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


def test_the_largest_gumbel_logit_is_drawn_by_softmax_whatever_the_temperature():
    count, noise = 20_000, randomness.gumbel(keys(20_000), 3)
    logits = tf.tile(tf.constant([FIRST], tf.float32), [count, 1])
    chosen = [
        tf.argmax(sequences.gumbel_softmax(logits, noise, tau, False), axis=1).numpy()
        for tau in (0.1, 5.0)
    ]
    np.testing.assert_array_equal(*chosen)
    expected = count * np.exp(FIRST)
    chi_square = np.sum((np.bincount(chosen[0], minlength=3) - expected) ** 2 / expected)
    # One in a thousand seeds would go beyond, with two degrees of freedom.
    assert chi_square < 13.8


def test_straight_through_is_one_hot_with_the_gradient_of_the_soft_one():
    noise = randomness.gumbel(keys(50), 3)
    logits = tf.tile(tf.constant([FIRST], tf.float32), [50, 1])
    weights, gradients, values = tf.constant([1.0, -2.0, 0.5]), [], []
    for straight_through in (True, False):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            made = sequences.gumbel_softmax(logits, noise, tf.constant(0.7), straight_through)
            loss = tf.reduce_sum(made * weights)
        gradients.append(tape.gradient(loss, logits).numpy())
        values.append(made.numpy())
    np.testing.assert_array_equal(np.sort(values[0], axis=1), [[0.0, 0.0, 1.0]] * 50)
    np.testing.assert_array_equal(values[0].argmax(axis=1), values[1].argmax(axis=1))
    np.testing.assert_allclose(*gradients, rtol=1e-6)


@pytest.mark.parametrize(("temperature", "within"), [(0.5, 0.06), (0.1, 0.025)])
def test_gradients_come_to_the_exact_one_as_it_gets_colder(temperature, within):
    """Of E[c · y] over three classes: p_k (c_k - Σ p c)."""
    count, p, c = 40_000, np.exp(FIRST), np.array([1.0, -1.0, 2.0])
    exact = p * (c - p @ c)
    logits = tf.tile(tf.constant([FIRST], tf.float32), [count, 1])
    noise = randomness.gumbel(keys(count), 3)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        made = sequences.gumbel_softmax(logits, noise, tf.constant(temperature), True)
        loss = tf.reduce_sum(made * tf.constant(c, tf.float32))
    found = tape.gradient(loss, logits).numpy().mean(axis=0)
    np.testing.assert_allclose(found, exact, atol=within)


def test_relaxed_sequences_are_those_of_the_chain():
    count = 8_000
    made = sequences.write_relaxed(chain(), keys(count), 2, tf.constant(0.5), straight_through=True)
    assert made.shape == (count, 2, 3)
    ids = tf.argmax(made, axis=2).numpy()
    behind = ids[ids[:, 0] == 0, 1]
    next_ = np.bincount(behind, minlength=3) / len(behind)
    np.testing.assert_allclose(next_, np.exp(CHAIN[0]), atol=5 * 0.5 / np.sqrt(len(behind)))
    soft = sequences.write_relaxed(chain(), keys(9), 4, tf.constant(2.0), straight_through=False)
    alone = sequences.write_relaxed(
        chain(), keys(1, 3), 4, tf.constant(2.0), straight_through=False
    )
    np.testing.assert_allclose(np.sum(soft, axis=2), np.ones((9, 4)), rtol=1e-5)
    np.testing.assert_allclose(soft[3:4], alone, rtol=1e-5)
