import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.config.recipe import load_experiment
from trainer.data import height_maps, loading
from trainer.data.sources import crowns
from trainer.errors import ConfigError


@pytest.fixture(scope="module")
def dataset():
    return loading.load(Data(source={"name": "crowns", "crowns": 60}))


def test_crowns_touch_what_is_above_them_and_never_pass_through(dataset):
    given, whole = dataset.train["image"].astype(int), dataset.train["sample"].astype(int)
    gap = given[..., 1] - whole[..., 0]
    assert gap.min() == 0 and gap.max() == round(0.25 * 255)
    touching = (gap == 0).sum(axis=(1, 2))
    assert set(touching) == {2, 3} and (given[..., 2][gap == 0] == 255).all()


def test_the_jaw_is_as_it_was_prepared_wherever_no_crown_is_due(dataset):
    given, whole = dataset.train["image"], dataset.train["sample"]
    due = given[..., 2] > 0
    np.testing.assert_array_equal(whole[..., 0][~due], given[..., 0][~due])
    assert (whole[..., 0][due] >= given[..., 0][due]).all() and 60 < due.sum() / len(due) < 100


def test_channels_have_their_names_and_surfaces_their_places(dataset):
    assert dataset.spec.fields["image"].names == crowns.CHANNELS
    assert height_maps.surfaces_of(dataset.spec.fields) == ("image", 1, 2)
    assert height_maps.surfaces_of({"sample": dataset.spec.sample}) is None


def test_surfaces_that_would_no_longer_fit_are_refused():
    with pytest.raises(ConfigError, match=r"data.size: received .* fit as they are made"):
        load_experiment("ganufacturing-crowns", ["data.size=32"])
