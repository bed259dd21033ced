"""SMILES, written in TensorFlow, so that an export answers with them.

Atoms are written in the order of a depth-first walk that begins at the first atom and takes the
first neighbour; what the walk does not follow closes rings. Molecules that cannot exist are written
as they are, for whoever counts them; no atoms at all are an empty text.

Reference: Weininger, Weininger & Weininger 1989, "SMILES. 2. Algorithm for generation of unique
SMILES notation", section on the generation of the notation (without its unique order of atoms).
"""

from typing import NamedTuple

import tensorflow as tf

from trainer.data.molecules.molecule import VALENCES, open_valence
from trainer.fields import Field

# Of orders of bonds; a single one is not written.
_BONDS = ("", "", "=", "#")


class _Walk(NamedTuple):
    """Where each atom stands in the walk, int32 [n, N]; -1 for those that are not there.

    Attributes:
        order: the step in which it is met.
        parent: the atom from which it is met; -1 for the first one of a part.
    """

    order: tf.Tensor
    parent: tf.Tensor


def written(graphs: tf.Tensor, field: Field) -> tf.Tensor:
    """Stored graphs uint8 [n, N, N] of `trainer.data.molecules.arrays` → string [n]."""
    numbers = tf.cast(graphs, tf.int32)
    atoms = tf.linalg.diag_part(numbers)
    bonds = tf.linalg.set_diag(numbers, tf.zeros_like(atoms))
    walk = _walked(atoms, bonds)
    heads = tf.strings.join([_symbols(atoms, bonds, field), _rings(bonds, walk)])
    return _joined(heads, bonds, walk)


def _walked(atoms: tf.Tensor, bonds: tf.Tensor) -> _Walk:
    size = atoms.shape[1]
    order, parent = -tf.ones_like(atoms), -tf.ones_like(atoms)
    for step in range(size):
        is_new = (atoms > 0) & (order < 0)
        ways = (bonds > 0) & (order >= 0)[:, :, tf.newaxis] & is_new[:, tf.newaxis, :]
        # Depth first: on from the atom that was met last of those that lead anywhere.
        leads = tf.reduce_any(ways, axis=2)
        last = tf.argmax(tf.where(leads, order, -1), axis=1, output_type=tf.int32)
        goes_on = tf.reduce_any(leads, axis=1)
        onward = tf.where(goes_on[:, tf.newaxis], tf.gather(ways, last, batch_dims=1), is_new)
        # The first one; where none is left, argmax gives 0, which is masked.
        met = tf.argmax(tf.cast(onward, tf.int32), axis=1, output_type=tf.int32)
        here = tf.one_hot(met, size, on_value=True, off_value=False, dtype=tf.bool) & onward
        order = tf.where(here, step, order)
        parent = tf.where(here & goes_on[:, tf.newaxis], last[:, tf.newaxis], parent)
    return _Walk(order, parent)


def _symbols(atoms: tf.Tensor, bonds: tf.Tensor, field: Field) -> tf.Tensor:
    """What stands for each atom, string [n, N]; charged ones tell their hydrogens."""
    most = 3 * atoms.shape[1]
    table = [[_symbol(name, used) for used in range(most + 1)] for name in field.names]
    used = tf.minimum(tf.reduce_sum(bonds, axis=2), most)
    return tf.gather_nd(tf.constant(table), tf.stack([atoms, used], axis=-1))


def _symbol(atom: str, used: int) -> str:
    if atom not in VALENCES:
        return ""
    element, charge = atom.rstrip("+-"), atom[len(atom.rstrip("+-")) :]
    if not charge:
        return element
    hydrogens = max(0, open_valence(atom, used))
    shown = {0: "", 1: "H"}.get(hydrogens, f"H{hydrogens}")
    return f"[{element}{shown}{charge}]"


def _rings(bonds: tf.Tensor, walk: _Walk) -> tf.Tensor:
    """The rings that begin or end at each atom, string [n, N]."""
    size = bonds.shape[1]
    numbers = tf.range(size)
    is_child = walk.parent[:, :, tf.newaxis] == numbers
    is_tree = is_child | tf.transpose(is_child, [0, 2, 1])
    is_ring = (bonds > 0) & ~is_tree
    upper = tf.cast(is_ring & (numbers[:, tf.newaxis] < numbers), tf.int32)
    counted = tf.reshape(tf.cumsum(tf.reshape(upper, [-1, size * size]), axis=1), tf.shape(upper))
    number = counted * upper
    number += tf.transpose(number, [0, 2, 1])
    most = size * (size - 1) // 2
    names = tf.constant(["", *(f"{n}" if n < 10 else f"%{n:02}" for n in range(1, most + 1))])
    # The atom that comes first says what bond closes the ring.
    opens = walk.order[:, :, tf.newaxis] < walk.order[:, tf.newaxis, :]
    kinds = tf.where(is_ring & opens, tf.gather(tf.constant(_BONDS), bonds), "")
    return tf.strings.reduce_join(tf.strings.join([kinds, tf.gather(names, number)]), axis=2)


def _joined(heads: tf.Tensor, bonds: tf.Tensor, walk: _Walk) -> tf.Tensor:
    """The whole texts, string [n]: from the last atom of the walk to the first one."""
    size = heads.shape[1]
    behind = tf.fill(tf.shape(heads), "")
    whole = tf.fill(tf.shape(heads)[:1], "")
    for step in reversed(range(size)):
        here = walk.order == step
        is_met = tf.reduce_any(here, axis=1)
        atom = tf.argmax(tf.cast(here, tf.int32), axis=1, output_type=tf.int32)
        parent = tf.gather(walk.parent, atom, batch_dims=1)
        text = tf.strings.join([_at(heads, atom), _at(behind, atom)])
        text = tf.where(is_met, text, "")
        whole = tf.where(is_met & (parent < 0), _parted(text, whole), whole)
        above = tf.maximum(parent, 0)
        bond = _at(tf.gather(bonds, above, batch_dims=1), atom)
        text = tf.strings.join([tf.gather(tf.constant(_BONDS), bond), text])
        longer = _branched(text, _at(behind, above))
        goes_there = tf.one_hot(above, size, on_value=True, off_value=False, dtype=tf.bool)
        goes_there &= (is_met & (parent >= 0))[:, tf.newaxis]
        behind = tf.where(goes_there, longer[:, tf.newaxis], behind)
    return whole


def _at(values: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    return tf.gather(values, places, batch_dims=1)


def _branched(text: tf.Tensor, rest: tf.Tensor) -> tf.Tensor:
    """A branch before what was there; the last one is none."""
    return tf.where(rest == "", text, tf.strings.join(["(", text, ")", rest]))


def _parted(text: tf.Tensor, rest: tf.Tensor) -> tf.Tensor:
    """A part before the others."""
    return tf.where(rest == "", text, tf.strings.join([text, ".", rest]))
