"""Random DNA with the affinity that a known position matrix gives it: designs are judged exactly.

A protein binds to any stretch of eight letters. The weight of a stretch is the sum of its letters'
weights w, and the affinity of a sequence x of T letters is

    log Σ_{s=0..T-8} exp Σ_{j<8} w[j, x[s + j]].

The strongest sequences are left out, so that a design has to go beyond what was seen.

Reference: after the experiments on protein binding microarrays of Killoran et al. 2017, whose
oracle is a model of measurements, and whose training data are its weaker sequences.
"""

import numpy as np

from trainer.catalogue import Affinities
from trainer.config.experiment import Data
from trainer.data import attributes
from trainer.data.alphabets import field_of
from trainer.data.reading import Source, Table, rows_of

# The letter that each place prefers, and by how much over the others.
_PREFERRED = np.array([0, 2, 3, 1, 1, 0, 2, 3])
_BY = np.array([1.0, 2.0, 1.5, 2.0, 2.0, 1.5, 2.0, 1.0])
WEIGHTS = np.eye(4)[_PREFERRED] * _BY[:, np.newaxis]
# Of the sequences: the same ones for ever.
_SEED = 20171216


def open_source(data: Data) -> Source:
    """Draws the sequences: fields `sample` of kind tokens, int32 [length], and `attributes`."""
    options = data.source
    assert isinstance(options, Affinities)
    ids, values = draw(options)
    others = {"attributes": values[:, np.newaxis].astype(np.float32)}
    return Source(
        tables=(Table(rows_of(ids, None, "affinities", data, others=others)),),
        fields={"sample": field_of("dna"), "attributes": attributes.field_of(("affinity",))},
        identity={"source": "affinities", "options": options.model_dump(mode="json")},
    )


def draw(options: Affinities) -> tuple[np.ndarray, np.ndarray]:
    """The weaker sequences int32 [n, length] of as many as are drawn, and their affinities [n]."""
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    random = np.random.RandomState(_SEED)
    ids = random.randint(4, size=(options.sequences, options.length)).astype(np.int32)
    values = affinity(ids)
    kept = values <= np.quantile(values, options.weakest)
    return ids[kept], values[kept]


def affinity(ids: np.ndarray) -> np.ndarray:
    """The affinity of sequences int [n, T], T at least 8, float64 [n]."""
    windows = np.lib.stride_tricks.sliding_window_view(ids, len(WEIGHTS), axis=1)
    scores = WEIGHTS[np.arange(len(WEIGHTS)), windows].sum(axis=2)
    return np.asarray(np.logaddexp.reduce(scores, axis=1))
