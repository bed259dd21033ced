"""Layers of graphs of atoms, as `trainer.data.modalities.graph` shows them to players.

Reference: De Cao & Kipf 2018, "MolGAN: an implicit generative model for small molecular graphs".
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from trainer import randomness
from trainer.data.molecules.molecule import ORDERS
from trainer.layers.one_hot import straight_through

Making = Literal["softmax", "gumbel", "straight_through"]


class GraphParts(keras.layers.Layer):
    """A graph [b, N, T + N·Y] → types of its atoms [b, N, T], and bonds by order [b, N, N, Y - 1].

    No bond is no relation, so its share of a pair is left out.
    """

    def __init__(self, types: int, **options: Any) -> None:
        super().__init__(**options)
        self.types = types

    def call(self, graph: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """See the class."""
        atoms = graph.shape[1]
        bonds = tf.reshape(graph[:, :, self.types :], [-1, atoms, atoms, ORDERS])
        return graph[:, :, : self.types], bonds[:, :, :, 1:]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """See the class."""
        batch, atoms, _ = input_shape
        return (batch, atoms, self.types), (batch, atoms, atoms, ORDERS - 1)


class RelationalConvolution(keras.layers.Layer):
    """h'_i = tanh(W_0 h_i + b_0 + Σ_y Σ_j A_ijy (W_y h_j + b_y)): a message over each bond's order.

    Permuting atoms permutes rows. The paper divides messages by the number of neighbours, its code
    does not; bonds of a relaxed graph are shares, and have none.

    Reference: De Cao & Kipf 2018, equation 6; Schlichtkrull et al. 2018, "Modeling relational data
    with graph convolutional networks".
    """

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self.units = units

    def build(self, input_shape: Sequence[Any]) -> None:
        """Makes the weights of atoms themselves and of each order."""
        nodes, bonds = input_shape
        self.own = keras.layers.Dense(self.units, dtype=self.dtype_policy)
        self.messages = keras.layers.Dense(self.units * bonds[-1], dtype=self.dtype_policy)
        self.own.build(nodes)
        self.messages.build(nodes)

    def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        """Atoms [b, N, d] and bonds [b, N, N, R] → atoms [b, N, units]."""
        nodes, bonds = inputs
        sent = tf.reshape(self.messages(nodes), [-1, nodes.shape[1], bonds.shape[-1], self.units])
        received = tf.einsum("bijr,bjru->biu", bonds, sent)
        return tf.tanh(self.own(nodes) + received)

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Any:
        """See `call`."""
        return (*input_shape[0][:-1], self.units)


class GraphAggregation(keras.layers.Layer):
    """tanh(Σ_i σ(a(h_i)) tanh(c(h_i))): a vector of the whole graph, whatever the order of atoms.

    Reference: De Cao & Kipf 2018, equation 7; Li et al. 2016, "Gated graph sequence neural
    networks", equation 7.
    """

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self.units = units

    def build(self, input_shape: Any) -> None:
        """Makes the gate's weights and the value's."""
        self.gate = keras.layers.Dense(self.units, "sigmoid", dtype=self.dtype_policy)
        self.value = keras.layers.Dense(self.units, "tanh", dtype=self.dtype_policy)
        self.gate.build(input_shape)
        self.value.build(input_shape)

    def call(self, nodes: tf.Tensor) -> tf.Tensor:
        """Atoms [b, N, d] → [b, units]."""
        return tf.tanh(tf.reduce_sum(self.gate(nodes) * self.value(nodes), axis=1))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """See `call`."""
        return (input_shape[0], self.units)


class RelaxedGraph(keras.layers.Layer):
    """Logits of atoms' types and of pairs' bonds → a graph whose bonds are the same both ways.

    Args:
        making: "softmax" gives the probabilities themselves; "gumbel" adds Gumbel noise of the
            row's own key to the logits before, so that the largest is a draw; "straight_through"
            is that draw itself, one-hot, with the gradient of the probabilities.
        temperature: by which logits are divided, above 0.

    Reference: De Cao & Kipf 2018, section 3.1; Jang et al. 2017, "Categorical reparameterization
    with Gumbel-softmax".
    """

    def __init__(self, making: Making, temperature: float, **options: Any) -> None:
        super().__init__(**options)
        self.making, self.temperature = making, temperature

    def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        """Logits [b, N, T] and [b, N(N - 1)/2, Y], keys uint32 [b, 2] → float32 [b, N, T + N·Y]."""
        atoms, pairs, key = inputs
        count = atoms.shape[1]
        types, orders = self._chosen([atoms, pairs], key)
        # No atom is bound to itself: pair 0 is none, and stands on the diagonal.
        none = tf.one_hot(tf.zeros(tf.shape(orders)[:1], tf.int32), ORDERS)[:, tf.newaxis]
        bonds = tf.gather(tf.concat([none, orders], axis=1), _places_of_pairs(count), axis=1)
        return tf.concat([types, tf.reshape(bonds, [-1, count, count * ORDERS])], axis=2)

    def _chosen(self, logits: Sequence[tf.Tensor], key: tf.Tensor) -> list[tf.Tensor]:
        if self.making == "softmax":
            return [tf.nn.softmax(x / self.temperature) for x in logits]
        sizes = [math.prod(x.shape[1:]) for x in logits]
        noise = tf.split(randomness.gumbel(randomness.Key.of_rows(key), sum(sizes)), sizes, axis=1)
        soft = [
            tf.nn.softmax((x + tf.reshape(g, tf.shape(x))) / self.temperature)
            for x, g in zip(logits, noise, strict=True)
        ]
        return soft if self.making == "gumbel" else [straight_through(x) for x in soft]

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Any:
        """See `call`."""
        batch, count, types = input_shape[0]
        return (batch, count, types + count * ORDERS)


def _places_of_pairs(count: int) -> np.ndarray:
    """The number of each pair, from 1 on, int32 [N, N], the same both ways; 0 of an atom alone."""
    places = np.zeros((count, count), np.int32)
    upper = np.triu_indices(count, 1)
    places[upper] = np.arange(1, len(upper[0]) + 1)
    return places + places.T
