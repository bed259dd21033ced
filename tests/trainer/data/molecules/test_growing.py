from itertools import islice

import pytest

from trainer.data.molecules.growing import is_stable, molecules
from trainer.data.molecules.smiles import parse


def test_they_are_different_valid_and_always_the_same():
    made = list(islice(molecules(9), 200))
    assert len({molecule.key for molecule in made}) == 200
    assert all(is_stable(molecule) for molecule in made)
    assert max(len(molecule.atoms) for molecule in made) == 9
    assert [m.key for m in islice(molecules(9), 200)] == [m.key for m in made]
    rings = sum(len(m.bonds) >= len(m.atoms) for m in made)
    assert 40 < rings < 160


@pytest.mark.parametrize(
    ("text", "stable"),
    [
        ("CCO", True),
        ("COOC", False),
        ("C=C=C", False),
        ("CC#CC", True),
        ("C1CCC#C1", False),
        ("CC.CC", False),
    ],
)
def test_the_rules(text, stable):
    assert is_stable(parse(text)) == stable
