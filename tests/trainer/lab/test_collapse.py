"""The film strips: what counts as a mode, and that every remedy is a game."""

import numpy as np
import pytest

from trainer.config.recipe import make_experiment, merge
from trainer.lab import collapse


@pytest.mark.parametrize(("data", "modes"), [("ring", 8), ("grid", 25)])
def test_the_data_has_all_its_modes_and_one_centre_is_one(data, modes):
    mixture = collapse.Mixture(data)
    assert np.abs(mixture.points).max() < mixture.limit
    assert mixture.found(mixture.points[:2000])[0] == modes
    covered, share = mixture.found(np.repeat(mixture.centres[:1], 500, axis=0))
    assert (covered, share) == (1, 1.0)
    assert mixture.found(np.full((10, 2), 9.0)) == (0, 0.0)


@pytest.mark.parametrize("name", collapse.REMEDIES)
def test_every_remedy_is_a_recipe(name):
    experiment = make_experiment(merge(collapse.BASE, collapse.REMEDIES[name].recipe))
    assert experiment.train.batch_size == collapse.BASE["train"]["batch_size"]


def test_a_film_has_a_picture_of_all_samples_for_each_frame():
    plain = {"plain": collapse.REMEDIES["plain"]}
    numbers = collapse.measure("ring", plain, steps=4, frames=2)
    assert numbers["steps"] == [2, 4]
    frames = numbers["games"]["plain"]
    assert len(frames) == 2 and all(0 <= frame["modes"] <= 8 for frame in frames)
    density = np.array(frames[0]["density"])
    assert density.shape == np.array(numbers["real"]).shape
    assert 0 < density.sum() <= numbers["samples"]
    assert np.array(numbers["real"]).sum() == numbers["samples"]
    assert len(collapse.draw(numbers).axes) == 3
