"""Molecules as arrays, as they are stored: types of atoms on the diagonal, bonds beside it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trainer.data.molecules.molecule import NO_ATOM, VALENCES, Molecule
from trainer.fields import Field


def field_of(atoms: Sequence[str]) -> Field:
    """What is known of molecules with atoms of these types: a field of kind "graph".

    Its names are the types, the first of them that of no atom. A row is uint8 [N, N], symmetric:
    the number of atom i's type at [i, i], the order of the bond of i and j at [i, j].
    """
    return Field(kind="graph", names=(NO_ATOM, *atoms))


def with_all_types(field: Field) -> Field:
    """The field with every other type behind its own, for molecules from elsewhere."""
    others = (atom for atom in VALENCES if atom not in field.names)
    return replace(field, names=(*field.names, *others))


def to_array(molecule: Molecule, types: Sequence[str], size: int) -> np.ndarray:
    """A molecule of at most `size` atoms, uint8 [size, size]; places behind the last are empty."""
    array = np.zeros((size, size), np.uint8)
    for number, atom in enumerate(molecule.atoms):
        array[number, number] = types.index(atom)
    for first, second, order in molecule.bonds:
        array[first, second] = array[second, first] = order
    return array


def from_array(array: np.ndarray, types: Sequence[str]) -> Molecule:
    """The inverse: a molecule of those atoms that are there, in their order."""
    places = np.flatnonzero(np.diagonal(array))
    bound = np.triu(array[np.ix_(places, places)], 1)
    bonds = [(int(i), int(j), int(bound[i, j])) for i, j in np.argwhere(bound)]
    return Molecule([types[number] for number in np.diagonal(array)[places]], bonds)
