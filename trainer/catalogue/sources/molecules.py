"""Molecules, grown by rules or read from a file."""

from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.sources.source import Source


class Molecules(Source):
    """Small molecules of carbon, nitrogen, oxygen and fluorine, made by known rules."""

    target: ClassVar[str] = "trainer.data.sources.molecules:open_source"
    holds: ClassVar[str | None] = "molecules"
    name: Literal["molecules"] = "molecules"
    # How many are made, all different.
    molecules: int = Field(5000, ge=2, le=50_000)
    # Heavy atoms of the largest ones.
    atoms: int = Field(9, ge=5, le=20)


class Smiles(Source):
    """The molecules of a file of SMILES, a line each, or a column of a CSV file."""

    target: ClassVar[str] = "trainer.data.sources.smiles:open_source"
    argument: ClassVar[str | None] = "path"
    endings: ClassVar[tuple[str, ...]] = (".smi", ".smiles")
    holds: ClassVar[str | None] = "molecules"
    name: Literal["smiles"] = "smiles"
    # Of the file, on a local disk.
    path: str = Field(min_length=1)
    # The column that holds SMILES; null takes `smiles` of a .csv file, and of others what stands
    # first in each line.
    column: str | None = None
    # Heavy atoms of a molecule, larger ones being left out; null takes those of the largest one.
    atoms: int | None = Field(None, ge=1, le=100)
