import numpy as np
import pytest

from trainer.data.rooms import World, two_rooms

# 0 1 2
# 3 # 5
# 6 7 8
RING = World(("...", ".#.", "..."))


def test_two_rooms_have_a_wall_with_a_door_in_it():
    assert two_rooms(5, 1) == ("..#..", "..#..", ".....", "..#..", "..#..")
    assert two_rooms(4, 2) == ("..#.", "....", "....", "..#.")
    assert World(two_rooms(5, 1)).has_paths and not World(two_rooms(5, 0)).has_paths


def test_steps_go_round_corners_and_never_through_walls():
    reached = {cell: np.flatnonzero(RING.steps[cell]).tolist() for cell in (0, 1, 3, 4)}
    # From the middle of a side the corner of the wall is in the way.
    assert reached == {0: [1, 3], 1: [0, 2], 3: [0, 6], 4: []}
    open_ = World(("...", "...", "..."))
    assert np.flatnonzero(open_.steps[4]).tolist() == [0, 1, 2, 3, 5, 6, 7, 8]
    assert np.flatnonzero(open_.steps[0]).tolist() == [1, 3, 4]
    np.testing.assert_array_equal(RING.steps, RING.steps.T)


def test_distances_and_detours_by_hand():
    assert RING.distances(0).tolist() == [0, 1, 2, 1, -1, 3, 2, 3, 4]
    # Along a side nothing is in the way; to the corner across, and to the middle of a far side, is.
    assert RING.detours(np.array([0, 0, 3]), np.array([2, 8, 5])).tolist() == [False, True, True]


@pytest.mark.parametrize("world", [RING, World(two_rooms(9, 1))])
def test_a_picture_tells_its_cell(world):
    pictures = world.pictures()
    assert pictures.shape == (world.free.size, *world.shape) and pictures.dtype == np.uint8
    np.testing.assert_array_equal(world.read(pictures), np.arange(world.free.size))
    noisy = pictures + np.random.RandomState(0).randint(0, 8, pictures.shape)
    np.testing.assert_array_equal(world.read(noisy), np.arange(world.free.size))


def test_a_picture_of_nobody_or_of_two_tells_none():
    world = World(two_rooms(9, 1))
    pictures = world.pictures()
    empty = np.minimum(pictures[0], pictures[80])
    two = np.maximum(pictures[0], pictures[80])
    assert world.read(np.stack([empty, two, pictures[0] // 4])).tolist() == [-1, -1, -1]
