import numpy as np
import pytest

from trainer.catalogue import Affinities
from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.sources.affinities import WEIGHTS, affinity, draw


def test_affinity_is_worked_out_by_hand():
    best = WEIGHTS.argmax(axis=1)
    assert affinity(best[np.newaxis])[0] == pytest.approx(WEIGHTS.max(axis=1).sum()) == 13.0
    # A letter more in front: two stretches, the other one with its letters shifted.
    longer = np.concatenate([[best[0]], best])
    shifted = WEIGHTS[np.arange(8), longer[:8]].sum()
    assert affinity(longer[np.newaxis])[0] == pytest.approx(np.log(np.exp(13.0) + np.exp(shifted)))


def test_the_strongest_are_left_out():
    few = Affinities(sequences=1000, length=20, weakest=0.4)
    ids, values = draw(few)
    everything, all_values = draw(few.model_copy(update={"weakest": 1.0}))
    assert (len(ids), len(everything)) == (400, 1000)
    assert values.max() <= np.sort(all_values)[400]
    np.testing.assert_allclose(affinity(ids), values)


def test_affinities_are_attributes():
    source = {"name": "affinities", "sequences": 50, "length": 9}
    dataset = loading.load(Data(source=source, holdout_share=0.0))
    assert dataset.spec.fields["attributes"].names == ("affinity",)
    assert dataset.train["attributes"].shape == (20, 1)
    np.testing.assert_allclose(
        dataset.train["attributes"][:, 0], affinity(dataset.train["sample"]), rtol=1e-6
    )
