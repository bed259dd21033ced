"""Terms of fakes that are guesses at an example."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component
from trainer.catalogue.extractors import ClassifierExtractor, SavedModelExtractor

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


def _no_guess(kind: str, name: str, experiment: "Experiment") -> Iterator[str]:
    """Sentences where fakes are no guesses at the examples of their batch."""
    if experiment.round.name in ("pairs", "autoencoder", "coupled"):
        yield (
            f"{kind}: received {name!r} with the round {experiment.round.name!r}, whose fakes are "
            "no guesses at an example; leave it out"
        )
    if not experiment.condition.shows_pictures:
        yield (
            f"{kind}: received {name!r} with condition={experiment.condition.name}, from which no "
            "example has; set condition=image, condition=label_map or condition=derived"
        )


class Reconstruction(Component):
    """What is made of an example's condition must be near the example (Isola et al. 2017)."""

    target: ClassVar[str] = "trainer.game.terms.reconstruction:Reconstruction"
    name: Literal["reconstruction"] = "reconstruction"
    # Weight of the mean difference, in the generator's turn.
    weight: float = Field(100.0, gt=0.0)
    # Of differences: absolute ones, which blur less, or squares (Mathieu et al. 2016).
    norm: Literal["absolute", "squared"] = "absolute"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game whose fakes are made of nothing that belongs to one example."""
        yield from _no_guess("terms", self.name, experiment)


class Content(Component):
    """What is made must look like the example to a network of its own (Ledig et al. 2017)."""

    target: ClassVar[str] = "trainer.game.terms.content:Content"
    prepares: ClassVar[str] = "trainer.game.terms.content:prepare"
    name: Literal["content"] = "content"
    # The network that looks: a classifier of this data, trained before the first step and kept; one
    # given by its path; or a SavedModel.
    extractor: Annotated[ClassifierExtractor | SavedModelExtractor, BY_NAME] = ClassifierExtractor()
    # The classifier's layer; null takes its last convolution.
    layer: str | None = None
    # Weight of the mean difference of features, in the generator's turn.
    weight: float = Field(1.0, gt=0.0)
    # Of differences of features: squares as in SRGAN, or absolute ones as in ESRGAN.
    norm: Literal["absolute", "squared"] = "squared"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game whose fakes are made of nothing that belongs to one example."""
        yield from _no_guess("terms", self.name, experiment)


class OverGaps(Component):
    """A term that looks at the gap between a surface that is made and the one above it."""

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game that makes no surface of given ones."""
        yield from _no_guess("terms", self.name, experiment)


class Penetration(OverGaps):
    """A made surface must not pass through the opposing one (Hwang et al. 2018)."""

    target: ClassVar[str] = "trainer.game.terms.gaps:Penetration"
    name: Literal["penetration"] = "penetration"
    # Weight of the mean depth over the region, heights lying on [0, 1].
    weight: float = Field(1000.0, gt=0.0)
    # The gap that is to be left.
    margin: float = Field(0.0, ge=0.0, lt=1.0)


class GapHistogram(OverGaps):
    """Gaps to the opposing surface must be as they are in the data (Hwang et al. 2018)."""

    target: ClassVar[str] = "trainer.game.terms.gaps:GapHistogram"
    name: Literal["gap_histogram"] = "gap_histogram"
    # Weight of the summed differences between two histograms of shares.
    weight: float = Field(1.0, gt=0.0)
    # Bins, the first one of gaps below zero and the last one of those beyond `furthest`.
    bins: int = Field(10, ge=3, le=1000)
    # The widest gap that matters, heights lying on [0, 1].
    furthest: float = Field(0.16, gt=0.0, le=1.0)
    # How many times the first bin counts beside the last one; 1 weighs all bins alike.
    near: float = Field(10.0, ge=1.0)
    # Width of the steps between bins; without one they would have no derivative.
    softness: float = Field(0.01, gt=0.0)
