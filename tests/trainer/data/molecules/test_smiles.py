"""SMILES read and written: the same molecule comes back, RDKit's where it is installed."""

import random
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from trainer.data import modalities
from trainer.data.molecules import growing
from trainer.data.molecules.arrays import field_of, from_array, to_array
from trainer.data.molecules.smiles import SmilesError, parse

_QM9 = Path(__file__).parents[5] / "shared" / "data" / "qm9" / "qm9.csv"


@pytest.mark.parametrize(
    ("text", "atoms", "bonds"),
    [
        ("C", "C", []),
        ("C=O", "CO", [(0, 1, 2)]),
        ("CC(=O)O", "CCOO", [(0, 1, 1), (1, 2, 2), (1, 3, 1)]),
        ("N1CC1", "NCC", [(0, 1, 1), (0, 2, 1), (1, 2, 1)]),
        ("C%12CC=%12", "CCC", [(0, 1, 1), (0, 2, 2), (1, 2, 1)]),
        ("[NH3+]CC([O-])=O", ["N+", "C", "C", "O-", "O"], None),
        ("F/C=C\\F", "FCCF", [(0, 1, 1), (1, 2, 2), (2, 3, 1)]),
        ("N[C@@H](C)O", "NCCO", [(0, 1, 1), (1, 2, 1), (1, 3, 1)]),
        ("ClCBr", ["Cl", "C", "Br"], [(0, 1, 1), (1, 2, 1)]),
        ("c1cc[nH]c1", "CCCNC", [(0, 1, 2), (0, 4, 1), (1, 2, 1), (2, 3, 1), (3, 4, 1)]),
    ],
)
def test_what_a_text_stands_for(text, atoms, bonds):
    molecule = parse(text)
    assert molecule.atoms == tuple(atoms)
    if text.startswith("c"):
        assert sorted(bond.order for bond in molecule.bonds) == [1, 1, 1, 2, 2]
    elif bonds is not None:
        assert list(molecule.bonds) == bonds


@pytest.mark.parametrize(
    ("text", "hydrogens"),
    [
        ("c1ccccc1", (1, 1, 1, 1, 1, 1)),
        ("c1ccncc1", (1, 1, 1, 0, 1, 1)),
        ("c1ccoc1", (1, 1, 1, 0, 1)),
        ("Cn1cccc1", (3, 0, 1, 1, 1, 1)),
        ("O=c1cc[nH]cc1", (0, 0, 1, 1, 1, 1, 1)),
        ("c1ccc2ccccc2c1", (1, 1, 1, 0, 1, 1, 1, 1, 0, 1)),
        ("c1cc[nH+]cc1", (1, 1, 1, 1, 1, 1)),
        ("c1ccc(-c2ccccc2)cc1", (1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1)),
    ],
)
def test_aromatic_rings_get_double_bonds(text, hydrogens):
    assert parse(text).hydrogens == hydrogens


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "it is empty"),
        ("CX", "'X' at position 2 is no symbol"),
        ("C1CC", "ring 1 is not closed"),
        ("C(C", "a bracket is not closed"),
        ("CC)", "a bracket is closed that was not opened"),
        ("C=", "it ends with a bond"),
        ("=C", "a bond has no atom before it"),
        ("C(=)C", "a bond stands before"),
        ("C11", "atoms 1 and 1 are bound twice"),
        ("C12CC12", "atoms 1 and 3 are bound twice"),
        ("C=1CC#1", "ring 1 has two kinds of bond"),
        ("F=C", r"atom 1 \(F\) has 2 bonds and a valence of 1"),
        ("CC(C)(C)(C)C", r"atom 2 \(C\) has 5 bonds"),
        ("c1cccc1", "cannot be made double and single ones"),
        ("[CH3]", r"atom 1 \(C\) has 3 hydrogens, where its valence leaves 4"),
        ("[13CH4]", r"it has an isotope \(\[13CH4\]\)"),
        ("[Si]", r"\[Si\] has no rule of valence"),
        ("[N+2]", r"\[N\+2\] has no rule of valence"),
    ],
)
def test_what_is_no_molecule_says_why(text, sentence):
    with pytest.raises(SmilesError, match=sentence):
        parse(text)


def written(molecules):
    """Molecules through arrays and what players see, as an export writes them."""
    types = sorted({atom for molecule in molecules for atom in molecule.atoms})
    size = max(len(molecule.atoms) for molecule in molecules)
    field = replace(field_of(types), shape=(size, size), dtype="uint8")
    arrays = np.stack([to_array(molecule, field.names, size) for molecule in molecules])
    seen = modalities.seen(tf.constant(arrays), field)
    assert tuple(seen.shape[1:]) == modalities.seen_field(field).shape
    stored = modalities.stored(seen, field)
    np.testing.assert_array_equal(stored, arrays)
    assert [from_array(array, field.names).bonds for array in arrays] == [
        tuple(sorted(molecule.bonds)) for molecule in molecules
    ]
    return [text.decode() for text in modalities.outputs(stored, field)["smiles"].numpy()]


def test_molecules_come_back_from_what_is_written():
    molecules = list(islice(growing.molecules(8), 150))
    molecules += [parse(text) for text in ("[NH3+]CC([O-])=O", "C.OC.F", "C12C3C4C1C5C2C3C45")]
    texts = written(molecules)
    assert [parse(text).key for text in texts] == [molecule.key for molecule in molecules]
    assert texts[-2] == "C.OC.F"


def test_atoms_are_written_depth_first_and_branches_before_the_rest():
    texts = written([parse(text) for text in ("CC(F)(O)C#N", "C1CC=C1", "[NH3+]CC([O-])=O")])
    assert texts == ["CC(F)(O)C#N", "C1CC=C1", "[NH3+]CC([O-])=O"]


def test_what_cannot_exist_is_written_as_it_is():
    field = replace(field_of(("C", "F")), shape=(3, 3), dtype="uint8")
    graphs = np.array([np.diag([2, 0, 1]), np.zeros((3, 3))], np.uint8)
    graphs[0, 0, 2] = graphs[0, 2, 0] = 2
    texts = modalities.outputs(tf.constant(graphs), field)["smiles"].numpy()
    assert texts.tolist() == [b"F=C", b""]


def test_rdkit_reads_what_is_written():
    chem = pytest.importorskip("rdkit.Chem")
    molecules = list(islice(growing.molecules(9), 60))
    for text, molecule in zip(written(molecules), molecules, strict=True):
        hydrogens = [atom.GetTotalNumHs() for atom in chem.MolFromSmiles(text).GetAtoms()]
        assert sorted(hydrogens) == sorted(molecule.hydrogens)


@pytest.mark.skipif(not _QM9.exists(), reason="QM9 is not here")
def test_a_sample_of_qm9_comes_back():
    lines = _QM9.read_text("utf-8").split()[1:]
    molecules, refused = [], []
    for line in random.Random(0).sample(lines, 500):
        try:
            molecules.append(parse(line))
        except SmilesError as error:
            refused.append(str(error))
    assert len(molecules) > 490
    assert all("where its valence leaves" in reason for reason in refused)
    assert [parse(t).key for t in written(molecules)] == [m.key for m in molecules]
