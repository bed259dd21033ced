"""Large pictures in tiles that overlap, and what is made of them put together again.

A tile is translated like any picture. Near its borders it lacks what lies beyond them, so that much
of it is thrown away, and over what else two tiles share, the one is faded into the other. Where the
network looks no farther than what is thrown away, the result is that of the whole picture; where it
looks everywhere (a normalisation by the picture's own statistics), tiles of one picture may differ
in tone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.errors import UsageError
from serving.fields import Field

# Rows and columns of a picture.
Place = tuple[slice, slice]


@dataclass(frozen=True)
class Tiling:
    """Where tiles lie.

    Attributes:
        tile: side of a tile, in pixels of the picture that is given; those at the end are smaller.
        overlap: how many lines two neighbours share; less than a tile.
        margin: how many of those next to a tile's border are thrown away.
    """

    tile: int
    overlap: int
    margin: int

    @classmethod
    def of(cls, name: str, field: Field, tile: int, overlap: int | None = None) -> "Tiling":
        """Tiles that fit what a model says of its input `name`.

        Args:
            name: of the input, for sentences.
            field: of the input. Tiles begin at multiples of its `stride`.
            tile: side of a tile; rounded up to a multiple of the stride.
            overlap: also rounded up; None for as much as makes tiles equal to the whole where half
                a tile suffices, else a quarter of a tile.

        Raises:
            UsageError: the model takes pictures of one size, or numbers do not fit.
        """
        if None not in field.shape[:2]:
            sides = "x".join(map(str, field.shape[:2]))
            raise UsageError(f"tile: {name!r} of this model is {sides} pixels; leave it out.")
        if tile < 1:
            raise UsageError(f"tile: received {tile}; expected 1 pixel or more.")
        stride, context = field.about.get("stride", 1), field.about.get("context")
        tile = _up(tile, stride)
        if overlap is None:
            overlap = tile // 4 if context is None else min(2 * context, tile // 2)
        if not 0 <= _up(overlap, stride) < tile:
            raise UsageError(
                f"overlap: received {overlap} with tiles of {tile} pixels; expected 0 to "
                f"{tile - stride}."
            )
        overlap = _up(overlap, stride)
        margin = overlap // 4 if context is None else min(context, overlap // 2)
        return cls(tile, overlap, margin)

    def places(self, height: int, width: int) -> list[list[Place]]:
        """The tiles of a picture, from left to right and from top to bottom."""
        rows, columns = self._cuts(height), self._cuts(width)
        return [[(row, column) for column in columns] for row in rows]

    @staticmethod
    def cut_inputs(fields: Mapping[str, Field], values: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Those of a request's values, [n, h, w, …], that are cut: pictures of open sizes.

        Raises:
            UsageError: one is no such picture, or they are not equally large.
        """
        found = {
            name: fields[name].check(name, value)
            for name, value in values.items()
            if name in fields and fields[name].shape[:2] == (None, None)
        }
        sizes = {name: list(array.shape[1:3]) for name, array in found.items()}
        if len({*map(tuple, sizes.values())}) > 1:
            raise UsageError(f"tile: the pictures have the sizes {sizes}; give equally large ones.")
        return found

    def band(self, tiles: Sequence[np.ndarray], factor: int) -> np.ndarray:
        """What was made of a row of `places`, [n, h, w, c] each, as one array.

        Args:
            tiles: from left to right.
            factor: pixels of what was made, along each side, for one of what was given.
        """
        return self._faded(tiles, factor, axis=2)

    def whole(self, bands: Sequence[np.ndarray], factor: int) -> np.ndarray:
        """The bands of all rows, from top to bottom, as one array; see `band`."""
        return self._faded(bands, factor, axis=1)

    def _cuts(self, size: int) -> list[slice]:
        """Where tiles begin and end along a side."""
        step = self.tile - self.overlap
        starts = range(0, max(1, size - self.overlap), step)
        return [slice(start, min(start + self.tile, size)) for start in starts]

    def _faded(self, parts: Sequence[np.ndarray], factor: int, axis: int) -> np.ndarray:
        """Parts that overlap along an axis as one, each faded into the next."""
        step, shared = factor * (self.tile - self.overlap), factor * self.overlap
        size = step * (len(parts) - 1) + parts[-1].shape[axis]
        shape = (*parts[0].shape[:axis], size, *parts[0].shape[axis + 1 :])
        whole = np.empty(shape, parts[0].dtype)
        moved = np.moveaxis(whole, axis, -1)
        moved[..., : parts[0].shape[axis]] = np.moveaxis(parts[0], axis, -1)
        weights = self._weights(factor)
        for number, part in enumerate(parts[1:], 1):
            start, lines = step * number, np.moveaxis(part, axis, -1)
            before = moved[..., start : start + shared]
            moved[..., start : start + shared] = _mixed(before, lines[..., :shared], weights)
            moved[..., start + shared : start + lines.shape[-1]] = lines[..., shared:]
        return whole

    def _weights(self, factor: int) -> np.ndarray:
        """How much the later one counts in each of the lines that two tiles share."""
        lost, faded = factor * self.margin, factor * (self.overlap - 2 * self.margin)
        ramp = (np.arange(faded) + 0.5) / max(faded, 1)
        return np.concatenate([np.zeros(lost), ramp, np.ones(lost)]).astype(np.float32)


class Mosaic:
    """The tiles of pictures one after the other, and what was made of them as one.

    What was made of a tile is added before the next one is asked for.

    Args:
        tiling: where they lie.
        whole: what is cut, by its name, [n, h, w, …] each and equally large.
    """

    def __init__(self, tiling: Tiling, whole: Mapping[str, np.ndarray]) -> None:
        self._tiling, self._whole = tiling, whole
        self._height, self._factor = 0, 1
        self._row: list[np.ndarray] = []
        self._bands: list[np.ndarray] = []

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        """The inputs of every tile."""
        height, width = next(iter(self._whole.values())).shape[1:3]
        for band in self._tiling.places(height, width):
            self._row = []
            for rows, columns in band:
                self._height = rows.stop - rows.start
                yield {name: array[:, rows, columns] for name, array in self._whole.items()}
            self._bands.append(self._tiling.band(self._row, self._factor))

    def add(self, made: np.ndarray) -> None:
        """What was made of the tile that came last, [n, h, w, c]."""
        self._factor = made.shape[1] // self._height
        self._row.append(made)

    @property
    def made(self) -> np.ndarray:
        """All of it put together, once every tile was asked for."""
        return self._tiling.whole(self._bands, self._factor)


def _mixed(before: np.ndarray, after: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Both, of equal shape, by the weights of `after` along the last axis."""
    mixed = before + weights * (after.astype(np.float32) - before)
    is_whole = np.issubdtype(before.dtype, np.integer)
    return (np.rint(mixed) if is_whole else mixed).astype(before.dtype)


def _up(number: int, stride: int) -> int:
    """The smallest multiple of the stride that is not smaller."""
    return -(-number // stride) * stride
