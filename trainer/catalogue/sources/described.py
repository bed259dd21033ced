"""Pictures with what a file or a caption says of them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME
from trainer.catalogue.sources.plain import Digits, Images
from trainer.catalogue.sources.source import BY_SPELLING, Source

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class CaptionedDigits(Source):
    """Digits in colours and corners, in strokes of two widths or not, with captions that say so."""

    target: ClassVar[str] = "trainer.data.sources.captioned_digits:open_source"
    has_captions: ClassVar[bool] = True
    name: Literal["captioned_digits"] = "captioned_digits"
    # Grey digits of ten classes, such as tfds:mnist.
    of: Images = Digits()
    # Of a picture, in pixels; a digit has half of it.
    side: int = Field(16, ge=16, multiple_of=2)
    # How many pictures are made.
    pictures: int = Field(20_000, ge=2, le=1_000_000)
    # Whether digits are drawn thin or bold, and captions say that too.
    thickness: bool = False
    # Tenths of the 160 combinations of digit, colour and corner (320 with thickness) that training
    # never sees; the held-out examples are made of those then, and of nothing else.
    unseen: int = Field(0, ge=0, le=5)


class Captions(Source):
    """Pictures of one's own with a caption each, in a JSONL or CSV file."""

    target: ClassVar[str] = "trainer.data.sources.captions:open_source"
    has_captions: ClassVar[bool] = True
    name: Literal["captions"] = "captions"
    # A folder of image files, or an .npz file of arrays; on a local disk.
    pictures: str = Field(min_length=1)
    # A .jsonl file of an object a line, or a .csv file with a header.
    captions: str = Field(min_length=1)
    # The key or column of a picture's path within the folder; lines of an .npz file's pictures
    # are in their order instead.
    picture: str = "file"
    # The key or column of a picture's caption.
    caption: str = "caption"
    # Words of the vocabulary at most, the most frequent ones of the training captions.
    words: int = Field(10_000, ge=1)
    # Words of a caption at most, the rest being cut; null takes as many as the longest has.
    length: int | None = Field(None, ge=1)


class Attributes(Source):
    """Pictures of one's own with attributes, such as faces with ages, in a CSV or JSONL file."""

    target: ClassVar[str] = "trainer.data.sources.attributes:open_source"
    name: Literal["attributes"] = "attributes"
    # A folder of image files, or an .npz file of arrays; on a local disk.
    pictures: str = Field(min_length=1)
    # A .csv file with a header, or a .jsonl file of an object a line.
    attributes: str = Field(min_length=1)
    # The column or key of a picture's path within the folder; lines of an .npz file's pictures
    # are in their order instead.
    picture: str = "file"
    # The columns or keys of the attributes, which are numbers; without a name all others are.
    columns: Annotated[tuple[str, ...], Field(strict=False)] = ()
    # The column or key of a picture's class, such as who it shows; null takes the first-level
    # folders, where there are some.
    label: str | None = None


class Described(Source):
    """Captions of pictures as samples, and the pictures beside them: what captioning learns."""

    target: ClassVar[str] = "trainer.data.sources.described:open_source"
    makes_captions: ClassVar[bool] = True
    holds: ClassVar[str | None] = "symbols"
    name: Literal["described"] = "described"
    # The pictures with their captions.
    of: Annotated[CaptionedDigits | Captions, BY_NAME, BY_SPELLING] = CaptionedDigits()

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """What the pictures cannot be."""
        yield from super().impossible(experiment)
        yield from self.of.impossible(experiment)
