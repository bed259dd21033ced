"""Somebody in a grid world, before and after a step: pairs of pictures one step apart."""

import numpy as np

from trainer.catalogue import Rooms
from trainer.config.experiment import Data
from trainer.data.reading import Source, Table, rows_of
from trainer.data.rooms import World, map_of
from trainer.fields import Field

# Of the choice, not of a run: the pairs are the same ones for ever.
_SEED = 20180724


def open_source(data: Data) -> Source:
    """Draws pairs: the fields `sample` and `next`, a step after it.

    The cell of the first picture is drawn uniformly, and so is the step among its own. The world
    stands in the fields' `about`, as its map.
    """
    options = data.source
    assert isinstance(options, Rooms)
    world = World(map_of(options))
    before, after = walks(world, options.pairs)
    pictures = world.pictures()
    field = Field(kind="image", about={"map": list(world.map)})
    return Source(
        tables=(
            Table(rows_of(pictures[before], None, "pair", data, others={"next": pictures[after]})),
        ),
        fields={"sample": field, "next": field},
        identity={"source": "rooms", "options": options.model_dump(mode="json")},
    )


def walks(world: World, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Cells before and after a step, int64 [count] each."""
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    random = np.random.RandomState(_SEED)
    before = np.flatnonzero(world.free)[random.randint(world.free.sum(), size=count)]
    shares = random.random_sample(count)
    steps = [np.flatnonzero(world.steps[cell]) for cell in before]
    after = [own[int(share * len(own))] for own, share in zip(steps, shares, strict=True)]
    return before, np.array(after)
