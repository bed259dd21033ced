"""Sequences that a random LSTM writes: data of which every probability is known."""

import numpy as np

from trainer.catalogue import OracleSequences
from trainer.config.experiment import Data
from trainer.data.oracle import Oracle
from trainer.data.reading import Source, Table, rows_of
from trainer.fields import Field


def open_source(data: Data) -> Source:
    """Writes the sequences: field `sample` of kind tokens, int32 [length], without ends.

    Symbols are called by their numbers, and `about["oracle"]` says which oracle it was.
    """
    options = data.source
    assert isinstance(options, OracleSequences)
    oracle = Oracle(options.symbols, options.seed)
    # Another stream than that of the parameters.
    random = np.random.RandomState([options.seed, 1])
    ids = oracle.sample(options.sequences, options.length, random)
    field = Field(
        kind="tokens",
        names=tuple(map(str, range(options.symbols))),
        about={"oracle": {"symbols": options.symbols, "seed": options.seed}},
    )
    return Source(
        tables=(Table(rows_of(ids, None, "oracle", data)),),
        fields={"sample": field},
        identity={"source": "oracle", "options": options.model_dump(mode="json")},
    )
