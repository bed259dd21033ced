import itertools
import re

import pytest

from trainer.data.molecules.molecule import Molecule
from trainer.data.molecules.smiles import parse


@pytest.mark.parametrize(
    ("atoms", "bonds", "hydrogens"),
    [
        ("C", [], (4,)),
        ("CO", [(0, 1, 2)], (2, 0)),
        ("CN", [(0, 1, 3)], (1, 0)),
        (["N+", "C"], [(0, 1, 1)], (3, 3)),
        (["O-", "C"], [(0, 1, 1)], (0, 3)),
        # Sulphur takes the next valence when two bonds are not enough: dimethyl sulphoxide.
        ("CSCO", [(0, 1, 1), (1, 2, 1), (1, 3, 2)], (3, 0, 3, 0)),
        ("FC", [(0, 1, 1)], (0, 3)),
    ],
)
def test_hydrogens_are_what_valences_leave_open(atoms, bonds, hydrogens):
    molecule = Molecule(atoms, bonds)
    assert molecule.hydrogens == hydrogens and not molecule.problem and molecule.is_connected


@pytest.mark.parametrize(
    ("atoms", "bonds", "problem"),
    [
        ("", [], "it has no atom"),
        ("FO", [(0, 1, 2)], r"atom 1 \(F\) has 2 bonds and a valence of 1"),
        ("CCCC", [(0, 1, 3), (0, 2, 1), (0, 3, 1)], r"atom 1 \(C\) has 5 bonds and a valence of 4"),
        (["C", "N+"], [(0, 1, 3)], ""),
        (["C", "N-"], [(0, 1, 3)], r"atom 2 \(N-\) has 3 bonds and a valence of 2"),
        ("SCCC", [(0, i, 2) for i in (1, 2, 3)], ""),
    ],
)
def test_more_bonds_than_a_valence_are_a_problem(atoms, bonds, problem):
    found = Molecule(atoms, bonds).problem
    assert re.fullmatch(problem, found)


def test_every_order_of_atoms_is_the_same_molecule():
    molecule = parse("C1CC1(F)C#N")
    size = len(molecule.atoms)
    for order in itertools.islice(itertools.permutations(range(size)), 0, 720, 7):
        atoms = [""] * size
        for old, new in enumerate(order):
            atoms[new] = molecule.atoms[old]
        bonds = [(*sorted((order[a], order[b])), o) for a, b, o in molecule.bonds]
        assert Molecule(atoms, bonds).key == molecule.key


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("C1=CC=CC=C1", "c1ccccc1", True),
        # Two ways to draw the double bonds of ortho-xylene.
        ("CC1=C(C)C=CC=C1", "CC1=CC=CC=C1C", True),
        ("CCO", "OCC", True),
        ("CCO", "COC", False),
        ("CC=O", "C=CO", False),
        # Regular graphs that no refinement tells apart: a ring of six, and two of three.
        ("C1CCCCC1", "C1CC1.C1CC1", False),
        ("CN", "C[NH3+]", False),
    ],
)
def test_isomers_differ_and_resonance_does_not(one, other, are_one):
    assert (parse(one).key == parse(other).key) == are_one


@pytest.mark.parametrize(("text", "is_connected"), [("CCO", True), ("C.C", False), ("C1CC1", True)])
def test_parts(text, is_connected):
    assert parse(text).is_connected == is_connected
