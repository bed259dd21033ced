"""A molecule as a graph of its heavy atoms, the rules of valence, and when two are the same one."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

# How many bonds an atom has with hydrogens counted, by its type: an element with its charge. An
# atom of several valences takes the smallest that its bonds need; a charged atom has the valence
# of the neutral one with as many electrons.
VALENCES: Mapping[str, tuple[int, ...]] = {
    "B": (3,),
    "B-": (4,),
    "C": (4,),
    "C+": (3,),
    "C-": (3,),
    "N": (3,),
    "N+": (4,),
    "N-": (2,),
    "O": (2,),
    "O+": (3,),
    "O-": (1,),
    "F": (1,),
    "P": (3, 5),
    "P+": (4,),
    "S": (2, 4, 6),
    "S+": (3, 5),
    "S-": (1,),
    "Cl": (1,),
    "Br": (1,),
    "I": (1,),
}
# What stands in the place of an atom that is not there.
NO_ATOM = "none"
# Orders of a bond: none, single, double, triple.
ORDERS = 4


class Bond(NamedTuple):
    """A bond of two atoms, the first of a lower number; its order is 1, 2 or 3."""

    first: int
    second: int
    order: int


class Molecule:
    """Heavy atoms and their bonds; hydrogens are what the valences leave open.

    It need not be one that can exist: see `problem`.

    Args:
        atoms: a type each, such as "C" or "N+".
        bonds: at most one of each pair of atoms.
    """

    def __init__(self, atoms: Sequence[str], bonds: Sequence[tuple[int, int, int]]) -> None:
        self.atoms = tuple(atoms)
        self.bonds = tuple(Bond(*bond) for bond in bonds)

    @cached_property
    def neighbours(self) -> tuple[frozenset[int], ...]:
        """Of each atom the numbers of those it is bound to."""
        found: list[set[int]] = [set() for _ in self.atoms]
        for first, second, _ in self.bonds:
            found[first].add(second)
            found[second].add(first)
        return tuple(map(frozenset, found))

    @cached_property
    def used(self) -> tuple[int, ...]:
        """Of each atom the sum of its bonds' orders."""
        sums = [0] * len(self.atoms)
        for first, second, order in self.bonds:
            sums[first] += order
            sums[second] += order
        return tuple(sums)

    @cached_property
    def hydrogens(self) -> tuple[int, ...]:
        """Of each atom how many hydrogens it has; -1 where its bonds are more than its valence."""
        return tuple(map(open_valence, self.atoms, self.used))

    @property
    def is_connected(self) -> bool:
        """Whether every atom is bound to every other, directly or through others."""
        if not self.atoms:
            return False
        reached, waiting = {0}, [0]
        while waiting:
            found = self.neighbours[waiting.pop()] - reached
            reached |= found
            waiting += found
        return len(reached) == len(self.atoms)

    @property
    def problem(self) -> str:
        """Why there is no such molecule, in a few words; empty where the valences allow it."""
        if not self.atoms:
            return "it has no atom"
        for number, (atom, used, left) in enumerate(
            zip(self.atoms, self.used, self.hydrogens, strict=True), start=1
        ):
            if left < 0:
                return f"atom {number} ({atom}) has {used} bonds and a valence of {_most(atom)}"
        return ""

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """Equal for two molecules that are one: of equal atoms, equally bound, in any order.

        Which atoms are bound and where the hydrogens and charges sit decides, as in an InChI; how
        double bonds alternate in a ring does not. So two ways to write benzene are one molecule.
        """
        colours = _ranks(list(zip(self.atoms, self.hydrogens, strict=True)))
        return min(_labellings(self, colours), default=())


def open_valence(atom: str, used: int) -> int:
    """Bonds that are left for hydrogens, at an atom with so many used; -1 where they are more."""
    return next((valence - used for valence in VALENCES[atom] if valence >= used), -1)


def _most(atom: str) -> str:
    return " or ".join(map(str, VALENCES[atom]))


# ---- Which order of atoms does not depend on the order in which they were given -----------------


def _labellings(molecule: Molecule, colours: list[int]) -> Iterator[tuple[Any, ...]]:
    """The molecule written in every order of its atoms that refinement does not rule out.

    Reference: McKay 1981, "Practical graph isomorphism" (individualise and refine).
    """
    colours = _refined(molecule, colours)
    tied = [c for c in colours if colours.count(c) > 1]
    if not tied:
        yield _written(molecule, colours)
        return
    cell = [atom for atom, colour in enumerate(colours) if colour == min(tied)]
    # Atoms of one colour with the same neighbours can be exchanged: one of them is enough.
    for atom in {molecule.neighbours[atom]: atom for atom in cell}.values():
        # Colours are doubled, so that there is a place in front of each.
        yield from _labellings(
            molecule, [2 * c - (number == atom) for number, c in enumerate(colours)]
        )


def _refined(molecule: Molecule, colours: list[int]) -> list[int]:
    """Colours split by the neighbours' colours, until no more can be."""
    count = len(set(colours))
    while True:
        refined = [
            (colour, sorted(colours[other] for other in neighbours))
            for colour, neighbours in zip(colours, molecule.neighbours, strict=True)
        ]
        colours = _ranks(refined)
        before, count = count, len(set(colours))
        if count == before:
            return colours


def _ranks(values: list[Any]) -> list[int]:
    places = sorted(values)
    return [places.index(value) for value in values]


def _written(molecule: Molecule, places: list[int]) -> tuple[Any, ...]:
    atoms = sorted(zip(places, molecule.atoms, molecule.hydrogens, strict=True))
    bonds = sorted(tuple(sorted((places[a], places[b]))) for a, b, _ in molecule.bonds)
    return tuple(atom[1:] for atom in atoms), tuple(bonds)
