"""Terms of captions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import Component

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class CaptionTerm(Component):
    """A term that needs captions of other examples beside an example's own."""

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game without captions."""
        if "text" not in experiment.conditioned_on:
            yield (
                f"terms: received {self.name!r} with condition={experiment.condition.name}, and it "
                "is about captions; set condition=text"
            )


class MatchingAware(CaptionTerm):
    """A real picture with a wrong caption counts as a fake (GAN-CLS, Reed et al. 2016)."""

    target: ClassVar[str] = "trainer.game.terms.captions:MatchingAware"
    name: Literal["matching_aware"] = "matching_aware"
    # Share of wrong pairs in what the discriminator is to refuse; fakes have the rest.
    share: float = Field(0.5, gt=0.0, lt=1.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game without captions, given or made."""
        if not getattr(experiment.data.source, "makes_captions", False):
            yield from super().impossible(experiment)


class Interpolation(CaptionTerm):
    """The generator also answers for means of two captions (GAN-INT, Reed et al. 2016)."""

    target: ClassVar[str] = "trainer.game.terms.captions:Interpolation"
    name: Literal["interpolation"] = "interpolation"
    # Weight of these fakes beside the others.
    weight: float = Field(1.0, gt=0.0)
    # Share of the example's own caption in the mean.
    beta: float = Field(0.5, gt=0.0, lt=1.0)
