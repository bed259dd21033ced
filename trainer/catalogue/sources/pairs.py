"""Pictures beside other pictures: pairs, and domains without pairs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.sources.plain import Digits, Images, OneFolder
from trainer.catalogue.sources.source import Source

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


Colour = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]


class DigitPairs(Source):
    """Digits, each with a picture that is made of it (field `image`)."""

    target: ClassVar[str] = "trainer.data.sources.pairs:open_digits"
    name: Literal["digit_pairs"] = "digit_pairs"
    # The digits: those that are built in, or other pictures of 8 bits, such as tfds:mnist.
    of: Images = Digits()
    # What is made of a digit; the digit itself is the field `sample`. A label map (field
    # `label_map`) says of every pixel whether it is background, edge or stroke.
    input: Literal["outline", "negative", "low_resolution", "label_map"] = "outline"


class Crowns(Source):
    """Height maps of jaws without a crown, and of the jaw above: what touches is known."""

    target: ClassVar[str] = "trainer.data.sources.crowns:open_source"
    name: Literal["crowns"] = "crowns"
    # How many are made.
    crowns: int = Field(3000, ge=2, le=1_000_000)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Heights that would no longer fit what lies above them."""
        yield from super().impossible(experiment)
        data = experiment.data
        for option, received in (("size", data.size), ("channels", data.channels)):
            if received:
                yield (
                    f"data.{option}: received {received} with data.source={self}, whose surfaces "
                    "fit as they are made; leave it out"
                )


class Paired(Source):
    """Pictures in files, each made of another one."""

    # What is given, and the name of its field: pictures, or label maps, in which every colour is a
    # class.
    given: Literal["image", "label_map"] = "image"
    # The classes of label maps with their colours, such as {ground: "#604020", sky: "#80c0ff"};
    # null takes the palette of the PNG files.
    classes: Annotated[dict[str, Colour], Field(min_length=1, max_length=256)] | None = None
    # What the channels of given pictures are, such as [prepared, opposing, region] of height maps,
    # for terms and metrics that look at one of them.
    channels: Annotated[tuple[str, ...], Field(strict=False)] = ()

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Classes of what is no label map, two of one colour, and channels of one name."""
        yield from super().impossible(experiment)
        if self.channels and self.given != "image":
            yield (
                f"data.source.channels: received {len(self.channels)} names with given="
                f"{self.given}, whose channels are classes; leave them out"
            )
        if len(set(self.channels)) < len(self.channels):
            yield (
                f"data.source.channels: received {', '.join(self.channels)}; give each channel a "
                "name of its own"
            )
        if self.classes is None:
            return
        if self.given != "label_map":
            yield (
                f"data.source.classes: received {len(self.classes)} classes with given="
                f"{self.given}; set data.source.given=label_map, or leave them out"
            )
        colours = [colour.lower() for colour in self.classes.values()]
        twice = sorted({colour for colour in colours if colours.count(colour) > 1})
        if twice:
            yield (
                f"data.source.classes: received several classes of the colour {twice[0]}; give "
                "each a colour of its own"
            )


class Pairs(Paired):
    """Two folders of pictures that belong together, paired by the names of their files."""

    target: ClassVar[str] = "trainer.data.sources.pairs:open_folders"
    name: Literal["pairs"] = "pairs"
    # The folder of what is given: field `image` or `label_map`.
    inputs: OneFolder
    # The folder of what is to be made of it: field `sample`.
    targets: OneFolder


class SideBySide(Paired):
    """A folder of pictures whose left and right halves belong together (Isola et al. 2017)."""

    target: ClassVar[str] = "trainer.data.sources.side_by_side:open_source"
    name: Literal["side_by_side"] = "side_by_side"
    # The folder.
    pictures: OneFolder
    # The half that is given: field `image` or `label_map`; the other one is the field `sample`.
    given_half: Literal["left", "right"] = "left"


class TwoDomains(Source):
    """Two sets of pictures that are drawn apart."""

    # Whether the classes of a are given (field `label`), for a classifier that is to be good at b;
    # those of b, where they are known, are for measuring alone (field `b_label`).
    labelled: bool = False


class Domains(TwoDomains):
    """Two sets of pictures that are drawn apart, for unpaired translation."""

    target: ClassVar[str] = "trainer.data.sources.domains:open_two"
    name: Literal["domains"] = "domains"
    # The pictures of field `a`, such as folder:horses.
    a: Images
    # The pictures of field `b`.
    b: Images


class DigitDomains(TwoDomains):
    """Half of some digits (field `a`) and what is made of the others (field `b`)."""

    target: ClassVar[str] = "trainer.data.sources.domains:open_digits"
    name: Literal["digit_domains"] = "digit_domains"
    # The digits: those that are built in, or other pictures of 8 bits, such as tfds:mnist.
    of: Images = Digits()
    # What is made of them.
    b: Literal["negative", "outline"] = "negative"
