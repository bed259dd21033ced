"""Small molecules that the library makes: carbon, nitrogen, oxygen and fluorine, by known rules.

A molecule grows atom by atom where a valence is open, and sometimes closes a ring. What the rules
leave out is what chemists would call unstable: two neighbours that are both no carbon, two double
bonds at one atom, a triple bond in a ring. So there is something to be learned beyond valences.
"""

from bisect import bisect
from collections.abc import Iterator
from typing import Any

import numpy as np

from trainer.data.molecules.molecule import VALENCES, Molecule

ATOMS = ("C", "N", "O", "F")
# Of carbon, nitrogen and oxygen, each with those before it: 70, 12 and 13 in a hundred.
_SHARES = (0.7, 0.82, 0.95)
# Of single and double bonds likewise.
_ORDERS = (0.78, 0.95)
# Rings that are tried to close, and how often.
_RINGS, _RING_SHARE = 2, 0.4
# Of the choice, not of a run: the molecules are the same ones for ever.
_SEED = 20180530


def molecules(largest: int) -> Iterator[Molecule]:
    """Different molecules without end, always the same ones, of 3 to `largest` heavy atoms.

    There are some tens of thousands of 9 atoms; the more were made, the longer the next one takes.
    """
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    random = np.random.RandomState(_SEED)
    known: set[tuple[Any, ...]] = set()
    while True:
        molecule = _grown(random, largest)
        if is_stable(molecule) and molecule.key not in known:
            known.add(molecule.key)
            yield molecule


def is_stable(molecule: Molecule) -> bool:
    """Whether a molecule keeps the rules that all of these keep."""
    orders: list[list[int]] = [[] for _ in molecule.atoms]
    for first, second, order in molecule.bonds:
        orders[first].append(order)
        orders[second].append(order)
        if "C" not in (molecule.atoms[first], molecule.atoms[second]):
            return False
        if order == 3 and _without(molecule, first, second).is_connected:
            return False
    several = any(sum(order > 1 for order in of_atom) > 1 for of_atom in orders)
    return not several and not molecule.problem and molecule.is_connected


def _grown(random: np.random.RandomState, largest: int) -> Molecule:
    """A molecule that valences allow; the other rules may reject it."""
    # Most have the largest size, as there are most of those.
    size = max(3, largest - random.geometric(0.6) + 1)
    atoms, left, bonds = ["C"], [_valence("C")], {}
    while len(atoms) < size and any(left):
        place = _open(left)[random.randint(len(_open(left)))]
        atom = ATOMS[bisect(_SHARES, random.uniform())]
        order = 1 + bisect(_ORDERS, random.uniform())
        order = min(order, left[place], _valence(atom))
        bonds[place, len(atoms)] = order
        left[place] -= order
        atoms.append(atom)
        left.append(_valence(atom) - order)
    for _ in range(_RINGS):
        if random.uniform() < _RING_SHARE and len(_open(left)) > 1:
            ends = _open(left)
            first, second = sorted(ends.pop(random.randint(len(ends))) for _ in range(2))
            if (first, second) not in bonds:
                bonds[first, second] = 1
                left[first] -= 1
                left[second] -= 1
    return Molecule(atoms, [(*pair, order) for pair, order in sorted(bonds.items())])


def _open(left: list[int]) -> list[int]:
    return [atom for atom, valence in enumerate(left) if valence]


def _valence(atom: str) -> int:
    return VALENCES[atom][0]


def _without(molecule: Molecule, first: int, second: int) -> Molecule:
    bonds = [bond for bond in molecule.bonds if bond[:2] != (first, second)]
    return Molecule(molecule.atoms, bonds)
