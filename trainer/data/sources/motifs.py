"""A motif planted once in random DNA, at any place: the toy data of Killoran et al. (2017)."""

import numpy as np

from trainer.catalogue import Motifs
from trainer.config.experiment import Data
from trainer.data.alphabets import ALPHABETS, field_of
from trainer.data.reading import Source, Table, rows_of
from trainer.data.symbols import ids_of
from trainer.errors import ConfigError
from trainer.metrics.motifs import occurrences

# Of the choice, not of a run: the sequences are the same ones for ever.
_SEED = 20171217
# How often a row is drawn anew at most.
_TRIES = 1000


def open_source(data: Data) -> Source:
    """Draws the sequences: field `sample` of kind tokens, int32 [length].

    Raises:
        ConfigError: when the motif is hardly ever there just once.
    """
    options = data.source
    assert isinstance(options, Motifs)
    field = field_of("dna", motif=options.motif)
    return Source(
        tables=(Table(rows_of(draw(options), None, "motifs", data)),),
        fields={"sample": field},
        identity={"source": "motifs", "options": options.model_dump(mode="json")},
    )


def draw(options: Motifs) -> np.ndarray:
    """Sequences int32 [n, length], each with the motif exactly once, its start uniform."""
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    random = np.random.RandomState(_SEED)
    motif, background = (
        ids_of([word], ALPHABETS["dna"], len(word))[0]
        for word in (options.motif, options.background)
    )
    ids = np.zeros((options.sequences, options.length), np.int32)
    wrong = np.arange(len(ids))
    for _ in range(_TRIES):
        ids[wrong] = background[random.randint(len(background), size=(len(wrong), ids.shape[1]))]
        starts = random.randint(options.length - len(motif) + 1, size=len(wrong))
        ids[wrong[:, np.newaxis], starts[:, np.newaxis] + np.arange(len(motif))] = motif
        wrong = wrong[occurrences(ids[wrong], motif) != 1]
        if not len(wrong):
            return ids
    raise ConfigError(
        f"data.source.motif: received {options.motif!r} among random letters of "
        f"{options.background!r}, where it is hardly ever there just once; take a longer one, or "
        "other letters."
    )
