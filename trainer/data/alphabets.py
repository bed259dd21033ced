"""Alphabets of biological sequences, and the fields of sequences that are written in them."""

from typing import Any

from trainer.data.symbols import END
from trainer.fields import Field

# One letter codes (IUPAC), without those that stand for several.
ALPHABETS = {"dna": "ACGT", "rna": "ACGU", "protein": "ACDEFGHIKLMNPQRSTVWY"}


def field_of(alphabet: str, *, ends: bool = False, **about: Any) -> Field:
    """The field of sequences of an alphabet; `ends` where they are of several lengths.

    `about` has "alphabet", its name, and of what else is given whatever is not None: "motif", a
    word that every sequence should have once, and "sites", label → a place and the word there.
    """
    known = {name: value for name, value in about.items() if value is not None}
    return Field(
        kind="tokens",
        names=((END,) if ends else ()) + tuple(ALPHABETS[alphabet]),
        about={"separator": "", "alphabet": alphabet, **known},
    )
