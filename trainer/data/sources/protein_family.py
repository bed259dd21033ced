"""Proteins of a family that is known: a position matrix, and one pair of places that go together.

Every place draws its amino acid by itself, but for two that hold opposite charges: the first is
one of D, E, K and R, and the second is its partner in nine of ten sequences. What they tell of each
other is 2 + 0.9 log 0.9 + 0.1 log (0.1 / 3) = 1.373 bits; all other pairs tell nothing.
"""

import numpy as np

from trainer.catalogue import ProteinFamily
from trainer.config.experiment import Data
from trainer.data.alphabets import ALPHABETS, field_of
from trainer.data.reading import Source, Table, rows_of
from trainer.data.symbols import ids_of

LENGTH = 24
PAIR = (6, 17)
_CHARGES, _PARTNERS = "DEKR", "KRDE"
_FAITHFUL = 0.9
# Of the family and of its sequences: the same ones for ever.
_SEED = 20180406


def open_source(data: Data) -> Source:
    """Draws the sequences: field `sample` of kind tokens, int32 [24]."""
    options = data.source
    assert isinstance(options, ProteinFamily)
    rows = rows_of(draw(options.sequences), None, "protein family", data)
    return Source(
        tables=(Table(rows),),
        fields={"sample": field_of("protein")},
        identity={"source": "protein_family", "sequences": options.sequences},
    )


def draw(count: int) -> np.ndarray:
    """So many sequences, int32 [count, 24]."""
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    random = np.random.RandomState(_SEED)
    letters = ALPHABETS["protein"]
    matrix = random.dirichlet(np.full(len(letters), 0.3), size=LENGTH)
    edges = matrix.cumsum(axis=1)
    dice = random.uniform(size=(count, LENGTH, 1)) * edges[:, -1:]
    ids = (dice >= edges).sum(axis=2).astype(np.int32)
    charges, partners = (ids_of([w], letters, len(w))[0] for w in (_CHARGES, _PARTNERS))
    chosen = random.randint(len(charges), size=count)
    is_faithful = random.uniform(size=count) < _FAITHFUL
    other = (chosen + random.randint(1, len(charges), size=count)) % len(charges)
    ids[:, PAIR[0]] = charges[chosen]
    ids[:, PAIR[1]] = partners[np.where(is_faithful, chosen, other)]
    return ids
