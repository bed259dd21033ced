import numpy as np
import pytest

from trainer.catalogue import Motifs
from trainer.config.experiment import Data
from trainer.config.recipe import load_experiment
from trainer.data import loading
from trainer.data.modalities import tokens
from trainer.data.sources.motifs import draw
from trainer.errors import ConfigError
from trainer.metrics.motifs import evenness, occurrences, starts

TATA = np.array([3, 0, 3, 0])


def test_the_motif_is_there_exactly_once_and_anywhere():
    ids = draw(Motifs(sequences=5000))
    assert ids.shape == (5000, 50) and ids.dtype == np.int32
    assert (occurrences(ids, TATA) == 1).all()
    assert evenness(starts(ids, TATA)) > 0.998
    rest = np.sort(ids, axis=1)[:, 2:-2]
    assert set(np.unique(rest)) == {1, 2} and abs((rest == 1).mean() - 0.5) < 0.01


def test_letters_that_could_be_the_motif_are_drawn_again():
    assert (occurrences(draw(Motifs(sequences=300, background="ACGT")), TATA) == 1).all()


def test_sequences_are_the_same_ones_for_ever():
    dataset = loading.load(Data(source={"name": "motifs", "sequences": 3}, holdout_share=0.0))
    field = dataset.spec.sample
    assert (field.kind, field.names, field.shape) == ("tokens", ("A", "C", "G", "T"), (50,))
    assert dict(field.about) == {"separator": "", "alphabet": "dna", "motif": "TATA"}
    assert tokens.text(dataset.train["sample"], field).numpy().tolist() == GOLDEN


def test_a_motif_that_cannot_be_there_once_gets_a_sentence():
    with pytest.raises(ConfigError, match=r"data\.source\.motif: received 'CC' among .* 'C'"):
        draw(Motifs(sequences=2, motif="CC", background="C"))
    with pytest.raises(ConfigError, match=r"data\.source\.motif.*longer than sequences of 3"):
        load_experiment("killoran-motifs", ["data.source={name: motifs, length: 3}"])


GOLDEN = [
    b"CGGCCCGGGCGGTATAGGGGGCCCGCCGGCGGCCGGGCCGGGGGGGCGCG",
    b"CCCGCCGCCGGCCGGGCCCGGGGGCCGCCGCCTATACGCGCCCGCGCGGG",
    b"CGCGGGCGGCGCCGTATACGCGCGGCCCGGGGCCGGGGCCGCCCGCGCGC",
]
