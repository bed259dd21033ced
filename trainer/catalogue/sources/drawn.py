"""Digits that are drawn anew, in poses, widths and strokes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.sources.source import Source

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class StrokeDigits(Source):
    """Digits in a few strokes each, painted as programs are (after Ganin et al. 2018)."""

    target: ClassVar[str] = "trainer.data.sources.stroke_digits:open_source"
    name: Literal["stroke_digits"] = "stroke_digits"
    # Which digits; they are the classes.
    digits: Annotated[
        tuple[Annotated[int, Field(ge=0, le=9)], ...], Field(strict=False, min_length=1)
    ] = tuple(range(10))
    # Pixels of a picture in each direction.
    side: int = Field(16, ge=8, le=128)
    # Of a stroke, in pixels.
    width: float = Field(1.5, gt=0.0)
    # How many are painted.
    pictures: int = Field(5000, ge=2, le=1_000_000)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A digit that is named twice."""
        yield from super().impossible(experiment)
        if len(set(self.digits)) < len(self.digits):
            yield (
                f"data.source.digits: received {list(self.digits)}, which names a digit twice; "
                "name each once"
            )


class PosedDigits(Source):
    """The built-in digits moved, slanted and dimmed, with attributes that say how much."""

    target: ClassVar[str] = "trainer.data.sources.posed_digits:open_source"
    name: Literal["posed_digits"] = "posed_digits"
    # How many pictures are made.
    pictures: int = Field(6000, ge=2, le=1_000_000)


class ThickDigits(Source):
    """The built-in digits in strokes of five widths, an attribute that stands for an age."""

    target: ClassVar[str] = "trainer.data.sources.thick_digits:open_source"
    name: Literal["thick_digits"] = "thick_digits"
    # How many digits, the first ones; each is drawn at one age.
    pictures: int = Field(1797, ge=2, le=1797)
