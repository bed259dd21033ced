"""Rewards: what a molecule is worth, as a number on [0, 1] that nobody can differentiate."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from trainer import catalogue
from trainer.data.molecules import writing
from trainer.data.molecules.chemistry import drug_likeness
from trainer.data.molecules.molecule import VALENCES
from trainer.fields import Field

# Stored graphs uint8 [b, N, N] and what they are → float32 [b].
Reward = Callable[[tf.Tensor, Field], tf.Tensor]


def make(name: str) -> Reward:
    """The reward of a name: one of the library's own, or a function as `module:function`."""
    if ":" in name:
        own: Reward = catalogue.import_attribute(name, field="round.reward")
        return own
    return _REWARDS[name]


def valid(graphs: tf.Tensor, field: Field) -> tf.Tensor:
    """1 for a molecule of one part whose atoms have no more bonds than their valences, else 0."""
    numbers = tf.cast(graphs, tf.int32)
    atoms = tf.linalg.diag_part(numbers)
    bonds = tf.linalg.set_diag(numbers, tf.zeros_like(atoms))
    most = tf.constant([max(VALENCES.get(name, (0,))) for name in field.names])
    fits = tf.reduce_all(tf.reduce_sum(bonds, axis=2) <= tf.gather(most, atoms), axis=1)
    return tf.cast(fits & _is_connected(atoms > 0, bonds > 0), tf.float32)


def _is_connected(is_there: tf.Tensor, is_bound: tf.Tensor) -> tf.Tensor:
    """Whether the atoms that are there, of which there is one, reach one another: bool [b]."""
    steps = tf.cast(is_bound | tf.eye(is_there.shape[1], dtype=tf.bool), tf.float32)
    # Squares reach twice as far each.
    for _ in range(max(1, is_there.shape[1] - 1).bit_length()):
        steps = tf.minimum(tf.matmul(steps, steps), 1.0)
    first = tf.argmax(tf.cast(is_there, tf.int32), axis=1)
    reached = tf.gather(steps, first, batch_dims=1) > 0.0
    return tf.reduce_all(reached | ~is_there, axis=1) & tf.reduce_any(is_there, axis=1)


def _drug_likeness(graphs: tf.Tensor, field: Field) -> tf.Tensor:
    """RDKit's estimate on [0, 1]; 0 for what is no valid molecule of one part."""

    def of_texts(texts: np.ndarray) -> np.ndarray:
        return np.array([drug_likeness(text.decode()) for text in texts], np.float32)

    values = tf.numpy_function(of_texts, [writing.written(graphs, field)], tf.float32)
    return tf.ensure_shape(values, [None]) * valid(graphs, field)


_REWARDS: dict[str, Reward] = {"valid": valid, "drug_likeness": _drug_likeness}
