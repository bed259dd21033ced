import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.config.recipe import load_experiment
from trainer.data import loading
from trainer.data.rooms import World
from trainer.data.sources.rooms import walks
from trainer.errors import ConfigError


def load(**options):
    return loading.load(Data(source={"name": "rooms", "pairs": 300, **options}))


def test_pairs_are_one_step_apart():
    dataset = load(side=5)
    field = dataset.spec.fields["next"]
    assert field == dataset.spec.sample and field.kind == "image" and field.shape == (10, 10, 1)
    world = World(field.about["map"])
    before, after = (world.read(np.asarray(dataset.train[name])) for name in ("sample", "next"))
    assert world.steps[before, after].all()
    assert set(before) == set(after) == set(np.flatnonzero(world.free))


def test_every_step_of_a_cell_is_as_likely():
    world = World(("...", ".#.", "..."))
    before, after = walks(world, 8000)
    for cell in (0, 1):
        ahead = after[before == cell]
        assert len(ahead) == pytest.approx(1000, abs=5 * np.sqrt(1000))
        _, counts = np.unique(ahead, return_counts=True)
        assert counts.max() - counts.min() < 5 * np.sqrt(len(ahead))
    np.testing.assert_array_equal(walks(world, 10)[0], [0, 3, 6, 8, 7, 8, 7, 3, 1, 8])


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("data.source={name: rooms, door: 0}", "data.source.door: received 0, which is a world w"),
        ("data.source={name: rooms, door: 10}", "data.source.door: received 10, but the wall has"),
        ("data.source={name: rooms, map: ['..', '#.', '.#']}", "without a path"),
        ("data.source={name: rooms, map: ['..', '.']}", "rows must be of one length"),
        ("data.source={name: rooms, map: ['.x']}", "rows must be of one length"),
        ("data.source={name: rooms, map: ['#.']}", "without a path"),
        ("data.size=[8, 8]", "data.size: received"),
        ("data.flip=true", "data.flip: received True with data.source.name=rooms"),
    ],
)
def test_a_world_without_a_path_is_refused(override, sentence):
    with pytest.raises(ConfigError, match=sentence):
        load_experiment("causal-infogan-rooms", [override])
