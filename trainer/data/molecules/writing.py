"""SMILES, written in TensorFlow, so that an export answers with them.

Atoms are written in the order of a depth-first walk that begins at the first atom and takes the
first neighbour; what the walk does not follow closes rings. Molecules that cannot exist are written
as they are, for whoever counts them; no atoms at all are an empty text.

Reference: Weininger, Weininger & Weininger 1989, "SMILES. 2. Algorithm for generation of unique
SMILES notation", section on the generation of the notation (without its unique order of atoms).
"""

from collections.abc import Callable
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
    def onward(step: tf.Tensor, order: tf.Tensor, parent: tf.Tensor) -> tuple[tf.Tensor, ...]:
        is_new = (atoms > 0) & (order < 0)
        ways = (bonds > 0) & (order >= 0)[:, :, tf.newaxis] & is_new[:, tf.newaxis, :]
        # Depth first: on from the atom that was met last of those that lead anywhere.
        leads = tf.reduce_any(ways, axis=2)
        last = tf.argmax(tf.where(leads, order, -1), axis=1, output_type=tf.int32)
        goes_on = tf.reduce_any(leads, axis=1)[:, tf.newaxis]
        open_ones = tf.where(goes_on, tf.gather(ways, last, batch_dims=1), is_new)
        # The first one; where none is left, argmax gives 0, which is masked.
        here = _only(_first(open_ones), atoms.shape[1]) & open_ones
        order = tf.where(here, step, order)
        return step + 1, order, tf.where(here & goes_on, last[:, tf.newaxis], parent)

    nowhere = -tf.ones_like(atoms)
    _, *walk = _repeated(onward, atoms.shape[1], tf.constant(0), nowhere, nowhere)
    return _Walk(*walk)


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

    def backward(step: tf.Tensor, behind: tf.Tensor, whole: tf.Tensor) -> tuple[tf.Tensor, ...]:
        here = walk.order == step
        is_met, atom = tf.reduce_any(here, axis=1), _first(here)
        parent, text = (
            _at(walk.parent, atom),
            tf.strings.join([_at(heads, atom), _at(behind, atom)]),
        )
        whole = tf.where(is_met & (parent < 0), _parted(text, whole), whole)
        above = tf.maximum(parent, 0)
        bond = tf.gather(tf.constant(_BONDS), _at(tf.gather(bonds, above, batch_dims=1), atom))
        longer = _branched(tf.strings.join([bond, text]), _at(behind, above))
        goes_there = _only(above, size) & (is_met & (parent >= 0))[:, tf.newaxis]
        return step - 1, tf.where(goes_there, longer[:, tf.newaxis], behind), whole

    nothing = tf.fill(tf.shape(heads), ""), tf.fill(tf.shape(heads)[:1], "")
    return _repeated(backward, size, tf.constant(size - 1), *nothing)[-1]


def _repeated(
    body: Callable[..., tuple[tf.Tensor, ...]], times: int, *state: tf.Tensor
) -> tuple[tf.Tensor, ...]:
    """The state after so many times; as a loop, for a graph of all steps takes long to export."""
    after: tuple[tf.Tensor, ...] = tf.while_loop(
        lambda *_: True, body, state, maximum_iterations=times
    )
    return after


def _first(marked: tf.Tensor) -> tf.Tensor:
    """The place of the first mark, int32 [n]; 0 without one."""
    return tf.argmax(tf.cast(marked, tf.int32), axis=1, output_type=tf.int32)


def _only(place: tf.Tensor, size: int) -> tf.Tensor:
    """A mark there, bool [n, size]."""
    return tf.one_hot(place, size, on_value=True, off_value=False, dtype=tf.bool)


def _at(values: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    return tf.gather(values, places, batch_dims=1)


def _branched(text: tf.Tensor, rest: tf.Tensor) -> tf.Tensor:
    """A branch before what was there; the last one is none."""
    return tf.where(rest == "", text, tf.strings.join(["(", text, ")", rest]))


def _parted(text: tf.Tensor, rest: tf.Tensor) -> tf.Tensor:
    """A part before the others."""
    return tf.where(rest == "", text, tf.strings.join([text, ".", rest]))
