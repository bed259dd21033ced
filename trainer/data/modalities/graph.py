"""Graphs of atoms: one-hot vectors of each atom's type and of each bond's order.

What the players see of atom i is a row: its type, and behind that the orders of its bonds to all
atoms, none among them. So a graph is [N, T + N·Y], and permuting atoms permutes rows and, within
each, the vectors of bonds.
"""

from collections.abc import Mapping

import tensorflow as tf

from trainer.data.molecules import writing
from trainer.data.molecules.molecule import ORDERS
from trainer.fields import Field


def seen(values: tf.Tensor, field: Field) -> tf.Tensor:
    """One-hot vectors.

    Args:
        values: uint8 [..., N, N]; see `trainer.data.molecules.arrays`.
        field: of kind "graph"; its names are the types of atoms.

    Returns:
        float32 [..., N, T + N·Y].
    """
    numbers = tf.cast(values, tf.int32)
    atoms = tf.linalg.diag_part(numbers)
    bonds = tf.one_hot(tf.linalg.set_diag(numbers, tf.zeros_like(atoms)), ORDERS)
    rows = tf.concat([tf.shape(values)[:-1], [values.shape[-1] * ORDERS]], axis=0)
    return tf.concat([tf.one_hot(atoms, len(field.names)), tf.reshape(bonds, rows)], axis=-1)


def stored(values: tf.Tensor, field: Field) -> tf.Tensor:
    """The likeliest types and orders: float [..., N, T + N·Y] → [..., N, N]; the first of equals.

    A bond is read from both of its atoms' rows together, and needs two atoms that are there.
    """
    types, bonds = parts(tf.cast(values, tf.float32), field)
    atoms = tf.argmax(types, axis=-1, output_type=tf.int32)
    both = bonds + tf.experimental.numpy.swapaxes(bonds, -3, -2)
    orders = tf.argmax(both, axis=-1, output_type=tf.int32)
    is_there = tf.cast(atoms > 0, tf.int32)
    orders *= is_there[..., :, tf.newaxis] * is_there[..., tf.newaxis, :]
    return tf.cast(tf.linalg.set_diag(orders, atoms), field.dtype)


def parts(seen: tf.Tensor, field: Field) -> tuple[tf.Tensor, tf.Tensor]:
    """What is seen, by types of atoms [..., N, T] and orders of bonds [..., N, N, Y]."""
    atoms = seen.shape[-2]
    types, bonds = tf.split(seen, [len(field.names), atoms * ORDERS], axis=-1)
    shape = tf.concat([tf.shape(seen)[:-1], [atoms, ORDERS]], axis=0)
    return types, tf.reshape(bonds, shape)


def seen_field(field: Field) -> Field:
    """float32 [N, T + N·Y], with the types of atoms."""
    atoms, _ = field.fixed_shape
    return Field((atoms, len(field.names) + atoms * ORDERS), kind="graph", names=field.names)


# ---- As clients see it --------------------------------------------------------------------------


def output_fields(field: Field) -> dict[str, Field]:
    """The graph as SMILES, and as it is stored."""
    return {"smiles": Field(dtype="string", kind="text"), "sample": field}


def outputs(values: tf.Tensor, field: Field) -> Mapping[str, tf.Tensor]:
    """Stored graphs uint8 [n, N, N] by those names."""
    return {"smiles": writing.written(values, field), "sample": values}
