"""Grid worlds: cells with walls between them, pictures of who stands where, and steps that exist.

A map is rows of text, `.` a free cell and `#` a wall. A step goes to one of the eight cells around
a cell; a diagonal one needs both cells beside it free, so that no corner is cut. The picture of a
cell shows a bright spot in it, on a dark floor with grey walls.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from trainer.catalogue import Rooms

FREE, WALL = ".", "#"
# Pixels of a cell's side, and the spot's standard deviation.
_CELL, _SPREAD = 2, 1.5
_GREY = 64.0
# A picture with less of the spot than this, in squared error, shows nobody.
_LEAST = 0.5


def two_rooms(side: int, door: int) -> tuple[str, ...]:
    """The map of a square of `side` cells, a wall down its middle with a door `door` cells wide."""
    first = (side - door) // 2
    rows = []
    for row in range(side):
        middle = FREE if first <= row < first + door else WALL
        rows.append(FREE * (side // 2) + middle + FREE * (side - side // 2 - 1))
    return tuple(rows)


def map_of(options: "Rooms") -> tuple[str, ...]:
    """The map that a source's options name."""
    return two_rooms(options.side, options.door) if options.map is None else options.map


class World:
    """A grid world by its map.

    Attributes:
        map: rows of `.` and `#`, of one length.
        free: bool [rows, columns].
        steps: bool [m, m], m = rows · columns: whether cell a has a step to cell b.
    """

    def __init__(self, map: Sequence[str]) -> None:
        self.map = tuple(map)
        self.free = np.array([[cell == FREE for cell in row] for row in self.map])
        self.steps = _steps(self.free)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a picture."""
        rows, columns = self.free.shape
        return _CELL * rows, _CELL * columns, 1

    def distances(self, cell: int) -> np.ndarray:
        """Steps from a cell to each cell, int64 [m]; -1 where no path leads."""
        found = np.full(len(self.steps), -1)
        reached, count = np.arange(len(self.steps)) == cell, 0
        while (new := reached & (found < 0)).any():
            found[new] = count
            reached, count = self.steps[new].any(axis=0), count + 1
        return found

    def detours(self, start: np.ndarray, goal: np.ndarray) -> np.ndarray:
        """Whether the shortest path from cells [n] to cells [n] is longer than without walls."""
        places = np.stack(np.unravel_index([start, goal], self.free.shape))
        straight = np.abs(places[:, 1] - places[:, 0]).max(axis=0)
        paths = [self.distances(a)[b] for a, b in zip(start, goal, strict=True)]
        return np.array(paths) > straight

    @property
    def has_paths(self) -> bool:
        """Whether every free cell can be reached from every other."""
        free = np.flatnonzero(self.free)
        return bool((self.distances(free[0])[free] >= 0).all())

    def pictures(self) -> np.ndarray:
        """The picture of each cell, walls too, uint8 [m, h, w, 1]."""
        return np.rint(np.maximum(self._walls(), self._spots())).astype(np.uint8)[..., np.newaxis]

    def read(self, pictures: np.ndarray) -> np.ndarray:
        """The cell that each picture shows somebody in, int64 [n]; -1 where it shows nobody.

        It is the cell whose own picture is nearest in squares, unless more than half of the spot
        is missing (or there is as much where none should be). The cell may be one in a wall.

        Args:
            pictures: uint8 [n, h, w, 1].
        """
        shown = pictures.reshape(len(pictures), -1).astype(np.float64)
        cells = self.pictures().reshape(len(self.steps), -1).astype(np.float64)
        errors = np.square(shown[:, np.newaxis] - cells).sum(axis=2)
        spots = np.square(cells - self._walls().ravel()).sum(axis=1)
        nearest = errors.argmin(axis=1)
        is_seen = errors.min(axis=1) < _LEAST * spots[nearest]
        return np.where(is_seen, nearest, -1)

    def _walls(self) -> np.ndarray:
        return np.kron(np.where(self.free, 0.0, _GREY), np.ones((_CELL, _CELL)))

    def _spots(self) -> np.ndarray:
        """The bright spot in the middle of each cell, float64 [m, h, w]."""
        height, width, _ = self.shape
        down, across = (
            np.exp(-np.square(np.arange(size) + 0.5 - centres[:, np.newaxis]) / (2 * _SPREAD**2))
            for size, centres in (
                (height, _CELL * (np.arange(height // _CELL) + 0.5)),
                (width, _CELL * (np.arange(width // _CELL) + 0.5)),
            )
        )
        spots = 255.0 * down[:, np.newaxis, :, np.newaxis] * across[np.newaxis, :, np.newaxis]
        return spots.reshape(-1, height, width)


def _steps(free: np.ndarray) -> np.ndarray:
    """Which cells have a step to which, bool [m, m]."""
    rows, columns = free.shape
    steps = np.zeros((rows, columns, rows, columns), bool)
    for row, column in np.argwhere(free):
        for down in (-1, 0, 1):
            for across in (-1, 0, 1):
                there = (row + down, column + across)
                corners = {(row, there[1]), (there[0], column), there}
                inside = 0 <= there[0] < rows and 0 <= there[1] < columns
                if (down or across) and inside and all(free[corner] for corner in corners):
                    steps[row, column, *there] = True
    return steps.reshape(rows * columns, rows * columns)
