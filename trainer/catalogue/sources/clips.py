"""Clips, and their frames."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME
from trainer.catalogue.sources.source import BY_SPELLING, Source

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class OfClips(Source):
    """Clips: pictures in the order of time."""

    # So many first frames of a clip are the field `clip`, which is given, and the others the field
    # `sample`; zero leaves the clip whole.
    past: int = Field(0, ge=0)

    @property
    def length(self) -> int | None:
        """Frames of a clip; None where only the data tells."""
        return None

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Parts of a single frame."""
        yield from super().impossible(experiment)
        left = 2 if self.length is None else self.length - self.past
        if self.past and min(self.past, left) < 2:
            frames = "" if self.length is None else f" with clips of {self.length} frames"
            yield (
                f"data.source.past: received {self.past}{frames}, but what is given and what is "
                "left are clips of two frames at least; take zero, or another number"
            )


class MovingDigits(OfClips):
    """The built-in digits in steady motion on a black canvas (after Srivastava et al. 2015)."""

    target: ClassVar[str] = "trainer.data.sources.moving_digits:open_source"
    name: Literal["moving_digits"] = "moving_digits"
    # How many clips are made.
    clips: int = Field(5_000, ge=2, le=1_000_000)
    # Frames of each.
    frames: int = Field(10, ge=2, le=256)
    # Height and width of the canvas; a digit has 8.
    side: int = Field(16, ge=9, le=256)
    # How many digits move in a clip. Clips of one digit have its class for a label.
    digits: int = Field(1, ge=1, le=4)
    # Pixels that a digit moves at most, along either axis, from a frame to the next.
    speed: int = Field(2, ge=1, le=8)
    # Whether the field `clip` shows where digits are to be, as boxes as bright as their classes,
    # and the field `flow` how each pixel came where it is.
    boxes: bool = False

    @property
    def length(self) -> int:
        """See `OfClips`."""
        return self.frames

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Motion that would leave the canvas by more than its width; what would move boxes."""
        yield from super().impossible(experiment)
        data = experiment.data
        for option, received in (
            ("data.source.past", self.past),
            ("data.size", data.size),
            ("data.flip", data.flip),
        ):
            if self.boxes and received:
                yield (
                    f"{option}: received {received} with boxes, whose flow is of clips as they are "
                    "made; leave it out"
                )
        if self.speed > self.side - 8:
            yield (
                f"data.source.speed: received {self.speed} with side={self.side}, on which a digit "
                f"has {self.side - 8} pixels to move; take at most so many, or a larger side"
            )


class Clips(OfClips):
    """A folder of folders, each the frames of a clip in the order of their names."""

    target: ClassVar[str] = "trainer.data.sources.clips:open_source"
    argument: ClassVar[str | None] = "path"
    name: Literal["clips"] = "clips"
    # Of the folder, on a local disk.
    path: str = Field(min_length=1)
    # Frames of a clip, the first ones of longer clips; null takes clips that are all of one length.
    frames: int | None = Field(None, ge=2)

    @property
    def length(self) -> int | None:
        """See `OfClips`."""
        return self.frames


class ClipFrames(Source):
    """The frames of clips, each as a picture of its own."""

    target: ClassVar[str] = "trainer.data.sources.clip_frames:open_source"
    name: Literal["clip_frames"] = "clip_frames"
    # The clips, such as clips:videos.
    of: Annotated[MovingDigits | Clips, BY_NAME, BY_SPELLING] = MovingDigits()

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Clips in two parts."""
        yield from super().impossible(experiment)
        yield from self.of.impossible(experiment)
        if self.of.past:
            yield (
                f"data.source.of.past: received {self.of.past}, but frames are taken of whole "
                "clips; set it to 0"
            )
