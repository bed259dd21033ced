"""Layers of graphs: worked out by hand, and whatever the order of atoms."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.graphs import (
    GraphAggregation,
    GraphParts,
    RelationalConvolution,
    RelaxedGraph,
)

RANDOM = np.random.RandomState(0)


def test_a_convolution_sends_messages_along_bonds():
    """Two atoms with a bond of half single, half double; weights of one, biases of b = (.1, .2)."""
    layer = RelationalConvolution(1)
    nodes, bonds = tf.constant([[[1.0], [2.0]]]), np.zeros((1, 2, 2, 3), np.float32)
    bonds[0, 0, 1] = bonds[0, 1, 0] = (0.5, 0.5, 0.0)
    layer.build([nodes.shape, bonds.shape])
    layer.own.set_weights([np.ones((1, 1)), np.array([0.1])])
    layer.messages.set_weights([np.array([[1.0, 3.0, 7.0]]), np.array([0.2, 0.2, 0.2])])
    # The other's number times (.5 · 1 + .5 · 3), and .2 of the bias.
    expected = np.tanh([[1.0 + 0.1 + 2.0 * 2.0 + 0.2], [2.0 + 0.1 + 1.0 * 2.0 + 0.2]])
    np.testing.assert_allclose(layer([nodes, tf.constant(bonds)])[0], expected, rtol=1e-6)


def test_the_gated_sum():
    layer = GraphAggregation(1)
    layer.build((None, 2, 1))
    layer.gate.set_weights([np.zeros((1, 1)), np.zeros(1)])
    layer.value.set_weights([np.ones((1, 1)), np.zeros(1)])
    expected = np.tanh(0.5 * np.tanh(1.0) + 0.5 * np.tanh(-3.0))
    np.testing.assert_allclose(layer(tf.constant([[[1.0], [-3.0]]])), [[expected]], rtol=1e-6)


def _made(making, count=3, rows=4, temperature=1.0):
    atoms = tf.constant(RANDOM.normal(size=(rows, count, 2)), tf.float32)
    pairs = tf.constant(RANDOM.normal(size=(rows, count * (count - 1) // 2, 4)), tf.float32)
    key = tf.constant(np.arange(2 * rows).reshape(rows, 2), tf.uint32)
    return atoms, pairs, RelaxedGraph(making, temperature)([atoms, pairs, key])


@pytest.mark.parametrize("making", ["softmax", "gumbel", "straight_through"])
def test_bonds_are_the_same_both_ways_and_no_atom_is_bound_to_itself(making):
    atoms, pairs, made = _made(making)
    bonds = made.numpy()[:, :, 2:].reshape(4, 3, 3, 4)
    np.testing.assert_array_equal(bonds, bonds.transpose(0, 2, 1, 3))
    np.testing.assert_array_equal(bonds[:, range(3), range(3)], np.tile([1, 0, 0, 0], (4, 3, 1)))
    np.testing.assert_allclose(made.numpy()[:, :, :2].sum(axis=2), 1.0, rtol=1e-6)
    if making == "softmax":
        np.testing.assert_allclose(made[:, :, :2], tf.nn.softmax(atoms), rtol=1e-6)
        np.testing.assert_allclose(bonds[:, 0, 2], tf.nn.softmax(pairs)[:, 1], rtol=1e-6)
    if making == "straight_through":
        assert set(np.unique(made.numpy().round(6))) == {0.0, 1.0}
    relations = GraphParts(2)(made)[1]
    np.testing.assert_array_equal(relations, bonds[..., 1:])


def test_draws_are_as_frequent_as_the_softmax_says():
    logits = np.log([[[0.5, 0.3, 0.15, 0.05]]]).repeat(20_000, axis=0).astype(np.float32)
    key = tf.constant(np.arange(40_000).reshape(-1, 2), tf.uint32)
    made = RelaxedGraph("straight_through", 0.5)(
        [tf.zeros([20_000, 2, 1]), tf.constant(logits), key]
    )
    shares = made.numpy()[:, 0, 2 + 3 :].mean(axis=0)
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.15, 0.05], atol=0.015)


def test_the_gradient_of_a_draw_is_that_of_its_probabilities():
    atoms = tf.constant(RANDOM.normal(size=(2, 3, 2)), tf.float32)
    pairs, key = tf.zeros([2, 3, 4]), tf.ones([2, 2], tf.uint32)
    weights = tf.constant(RANDOM.normal(size=(2, 3, 2 + 12)), tf.float32)
    gradients = []
    for making in ("gumbel", "straight_through"):
        with tf.GradientTape() as tape:
            tape.watch(atoms)
            value = tf.reduce_sum(weights * RelaxedGraph(making, 1.0)([atoms, pairs, key]))
        gradients.append(tape.gradient(value, atoms).numpy())
    np.testing.assert_allclose(*gradients, rtol=1e-5)
    assert np.abs(gradients[0]).max() > 0.01


def test_layers_tell_keras_their_shapes():
    graph = keras.Input((3, 2 + 12))
    atoms, bonds = GraphParts(2)(graph)
    assert (atoms.shape, bonds.shape) == ((None, 3, 2), (None, 3, 3, 3))
    hidden = RelationalConvolution(5)([atoms, bonds])
    assert hidden.shape == (None, 3, 5) and GraphAggregation(7)(hidden).shape == (None, 7)
