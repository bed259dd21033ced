"""SMILES, read: a line of text → a molecule.

Elements of the organic subset (B, C, N, O, F, P, S, Cl, Br, I) with charges, single, double, triple
and aromatic bonds, rings, branches and parts. What says where things lie in space is passed over.

Reference: Weininger 1988, "SMILES, a chemical language and information system"; the OpenSMILES
specification.
"""

import re
from typing import NamedTuple

from trainer.data.molecules.molecule import VALENCES, Molecule, open_valence

_SYMBOL = re.compile(
    r"(?P<bare>Cl|Br|[BCNOPSFI]|[bcnops])"
    r"|\[(?P<isotope>\d*)(?P<element>Cl|Br|[A-Z][a-z]?|[bcnops])@{0,2}"
    r"(?P<hydrogens>H\d*)?(?P<charge>\++\d*|-+\d*)?(?::\d+)?\]"
    r"|(?P<bond>[-=#:/\\])"
    r"|(?P<ring>\d|%\d\d)"
    r"|(?P<mark>[().])"
)
_ORDERS = {"-": 1, "/": 1, "\\": 1, "=": 2, "#": 3}
_AROMATIC = ":"


class SmilesError(ValueError):
    """A text that is no molecule; says why in a few words."""


class _Atom(NamedTuple):
    """An atom as it is written.

    Attributes:
        type: its element with its charge.
        hydrogens: how many it says that it has; None where the valence says it.
        is_aromatic: whether it is written in small letters.
    """

    type: str
    hydrogens: int | None
    is_aromatic: bool


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self.atoms: list[_Atom] = []
        self.bonds: dict[tuple[int, int], str] = {}
        self._last: int | None = None
        self._bond = ""
        self._branches: list[int | None] = []
        self._rings: dict[int, tuple[int, str]] = {}

    def take(self, symbol: re.Match[str]) -> None:
        """The next symbol."""
        if symbol["bond"]:
            self._bond = symbol["bond"]
        elif symbol["ring"]:
            self._ring(int(symbol["ring"].lstrip("%")))
        elif symbol["mark"]:
            self._mark(symbol["mark"])
        else:
            self._atom(_atom(symbol))

    def close(self) -> None:
        """Looks for what was opened and not closed."""
        if self._rings:
            raise SmilesError(f"ring {min(self._rings)} is not closed")
        if self._branches:
            raise SmilesError("a bracket is not closed")
        if self._bond:
            raise SmilesError("it ends with a bond")

    def _atom(self, atom: _Atom) -> None:
        self.atoms.append(atom)
        if self._last is not None:
            self._bind(self._last, len(self.atoms) - 1, self._bond)
        elif self._bond:
            raise SmilesError("a bond has no atom before it")
        self._last, self._bond = len(self.atoms) - 1, ""

    def _mark(self, mark: str) -> None:
        if self._bond:
            raise SmilesError(f"a bond stands before {mark!r}")
        if mark == ".":
            self._last = None
        elif mark == "(":
            self._branches.append(self._last)
        elif not self._branches:
            raise SmilesError("a bracket is closed that was not opened")
        else:
            self._last = self._branches.pop()

    def _ring(self, number: int) -> None:
        if self._last is None:
            raise SmilesError(f"ring {number} has no atom before it")
        if number not in self._rings:
            self._rings[number] = self._last, self._bond
        else:
            other, bond = self._rings.pop(number)
            if bond and self._bond and bond != self._bond:
                raise SmilesError(f"ring {number} has two kinds of bond")
            self._bind(other, self._last, bond or self._bond)
        self._bond = ""

    def _bind(self, one: int, other: int, bond: str) -> None:
        pair = min(one, other), max(one, other)
        if one == other or pair in self.bonds:
            raise SmilesError(f"atoms {pair[0] + 1} and {pair[1] + 1} are bound twice")
        both = self.atoms[one].is_aromatic and self.atoms[other].is_aromatic
        self.bonds[pair] = bond or (_AROMATIC if both else "-")


def parse(text: str) -> Molecule:
    """The molecule that a SMILES text stands for; aromatic rings get alternating double bonds.

    Raises:
        SmilesError: for text that is none, elements and charges without a rule of valence, isotopes
            and radicals, which these graphs cannot hold, and atoms of too many bonds.
    """
    if not text:
        raise SmilesError("it is empty")
    reading, place = _Reading(), 0
    while place < len(text):
        symbol = _SYMBOL.match(text, place)
        if symbol is None:
            raise SmilesError(f"{text[place:][:8]!r} at position {place + 1} is no symbol of it")
        reading.take(symbol)
        place = symbol.end()
    reading.close()
    orders = _kekulised(reading)
    molecule = Molecule(
        [atom.type for atom in reading.atoms],
        [(*pair, order) for pair, order in sorted(orders.items())],
    )
    if molecule.problem:
        raise SmilesError(molecule.problem)
    _refuse_radicals(reading.atoms, molecule)
    return molecule


def _atom(symbol: re.Match[str]) -> _Atom:
    written = symbol["bare"] or symbol["element"]
    charge = _charge(symbol["charge"] or "")
    if symbol["isotope"]:
        raise SmilesError(f"it has an isotope ({symbol[0]})")
    kind = written.capitalize() + charge
    if kind not in VALENCES:
        raise SmilesError(f"{symbol[0]} has no rule of valence here")
    hydrogens = symbol["hydrogens"] or ""
    number = None if symbol["bare"] else int(hydrogens[1:] or 1) if hydrogens else 0
    return _Atom(kind, number, written.islower())


def _charge(text: str) -> str:
    """A charge by its sign alone; one of more than one comes back as it is."""
    sizes = {"": "", "+": "+", "-": "-", "+1": "+", "-1": "-", "+0": "", "-0": ""}
    return sizes.get(text, text)


def _refuse_radicals(atoms: list[_Atom], molecule: Molecule) -> None:
    for number, (atom, left) in enumerate(zip(atoms, molecule.hydrogens, strict=True), start=1):
        if atom.hydrogens is not None and atom.hydrogens != left:
            raise SmilesError(
                f"atom {number} ({atom.type}) has {atom.hydrogens} hydrogens, where its valence "
                f"leaves {left}"
            )


# ---- Aromatic bonds as double and single ones ----------------------------------------------------


def _kekulised(reading: _Reading) -> dict[tuple[int, int], int]:
    """The orders of all bonds; of aromatic ones those at which every atom finds its partner."""
    orders = {pair: _ORDERS.get(bond, 1) for pair, bond in reading.bonds.items()}
    aromatic = [pair for pair, bond in reading.bonds.items() if bond == _AROMATIC]
    used = [0] * len(reading.atoms)
    for (first, second), order in orders.items():
        used[first] += order
        used[second] += order
    wanting = {
        number
        for number, atom in enumerate(reading.atoms)
        if atom.is_aromatic and open_valence(atom.type, used[number] + (atom.hydrogens or 0)) > 0
    }
    partners = _matched(wanting, aromatic)
    if partners is None:
        raise SmilesError("its aromatic bonds cannot be made double and single ones")
    return orders | dict.fromkeys(partners, 2)


def _matched(wanting: set[int], pairs: list[tuple[int, int]]) -> list[tuple[int, int]] | None:
    """Some of the pairs in which each of the wanting stands once; None where there are none."""
    if not wanting:
        return []
    usable = [pair for pair in pairs if wanting.issuperset(pair)]
    # Whoever has the fewest partners to choose from chooses first.
    choices = {atom: [pair for pair in usable if atom in pair] for atom in sorted(wanting)}
    for pair in min(choices.values(), key=len):
        rest = _matched(wanting - set(pair), usable)
        if rest is not None:
            return [pair, *rest]
    return None
