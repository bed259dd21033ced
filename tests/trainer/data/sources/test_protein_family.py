import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.sources.protein_family import LENGTH, PAIR, draw
from trainer.metrics import motifs


def test_one_pair_is_coupled_as_it_should_be():
    ids = draw(5000)
    assert ids.shape == (5000, LENGTH) and ids.min() >= 0 and ids.max() < 20
    found = motifs.strongest(ids, 20)
    assert (found.first, found.second) == PAIR
    exactly = 2.0 + 0.9 * np.log2(0.9) + 0.1 * np.log2(0.1 / 3.0)
    assert found.bits == pytest.approx(exactly, abs=0.03)
    others = [motifs.mutual_information(ids[:, 0], ids[:, j], 20) for j in range(1, LENGTH)]
    assert max(others) < 0.02


def test_sequences_are_proteins():
    dataset = loading.load(Data(source={"name": "protein_family", "sequences": 30}))
    field = dataset.spec.sample
    assert (field.kind, "".join(field.names)) == ("tokens", "ACDEFGHIKLMNPQRSTVWY")
    assert dict(field.about) == {"separator": "", "alphabet": "protein"}
