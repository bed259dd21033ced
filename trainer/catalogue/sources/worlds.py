"""Worlds in which one can walk."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.sources.source import Source

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class Rooms(Source):
    """Somebody in a world of two rooms, before and after a step (after Kurutach et al. 2018)."""

    target: ClassVar[str] = "trainer.data.sources.rooms:open_source"
    name: Literal["rooms"] = "rooms"
    # Cells of the world's side; a wall stands in its middle.
    side: int = Field(9, ge=3, le=33)
    # Cells of the wall that are open.
    door: int = Field(1, ge=0)
    # Rows of another world, `.` a free cell and `#` a wall; null has the two rooms.
    map: Annotated[tuple[str, ...] | None, Field(strict=False, min_length=1)] = None
    # How many pairs are drawn.
    pairs: int = Field(5000, ge=2, le=1_000_000)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A map that is none, or without a path; pictures in which no cell could be read."""
        from trainer.data.rooms import World, map_of  # which imports numpy

        yield from super().impossible(experiment)
        for option in ("size", "channels", "flip", "jitter"):
            if given := getattr(experiment.data, option):
                yield (
                    f"data.{option}: received {given} with data.source.name=rooms, whose pictures "
                    "must stay readable; leave it out"
                )
        cells = map_of(self)
        if self.map is None and self.door > self.side:
            yield (
                f"data.source.door: received {self.door}, but the wall has {self.side} cells; take "
                "fewer"
            )
        elif len({len(row) for row in cells}) > 1 or set("".join(cells)) - set(".#"):
            yield (
                f"data.source.map: received {list(cells)}, but rows must be of one length, of "
                "`.` for a free cell and `#` for a wall; write it so"
            )
        elif "".join(cells).count(".") < 2 or not World(cells).has_paths:
            field, remedy = ("door", "1") if self.map is None else ("map", "an opening")
            received = self.door if self.map is None else list(cells)
            yield (
                f"data.source.{field}: received {received}, which is a world without a path from "
                f"some free cell to another; give it {remedy}"
            )
