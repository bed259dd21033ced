"""Terms of a batch of fakes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import Component, Custom

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class FeatureMatching(Component):
    """The generator matches the mean features of real examples (Salimans et al. 2016)."""

    target: ClassVar[str] = "trainer.game.terms.feature_matching:FeatureMatching"
    name: Literal["feature_matching"] = "feature_matching"
    # Weight of the squared distance.
    weight: float = Field(1.0, gt=0.0)


class ModeSeeking(Component):
    """Fakes of two latents under one condition are to lie apart (Mao et al. 2019)."""

    target: ClassVar[str] = "trainer.game.terms.mode_seeking:ModeSeeking"
    name: Literal["mode_seeking"] = "mode_seeking"
    # Weight of the reciprocal of their distance, in the generator's turn.
    weight: float = Field(1.0, gt=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Rounds whose fakes are not made of a latent alone, and games without a latent."""
        game = experiment.round
        if game.name not in ("ordinary", "simultaneous") and not isinstance(game, Custom):
            yield (
                f"terms: received 'mode_seeking' with the round {game.name!r}, which makes no "
                "second fake of a condition; set round=ordinary, or leave it out"
            )
        if experiment.prior.name == "none":
            yield (
                "terms: received 'mode_seeking' with a prior of no numbers, and it is about "
                "latents; set prior.size=16"
            )


class PullingAway(Component):
    """The codes of fakes are to point in different directions (Zhao et al. 2017)."""

    target: ClassVar[str] = "trainer.game.terms.pulling_away:PullingAway"
    name: Literal["pulling_away"] = "pulling_away"
    # Weight of the mean squared cosine, in the generator's turn.
    weight: float = Field(0.1, gt=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A fake without others."""
        if experiment.train.batch_size < 2:
            yield (
                "terms: received 'pulling_away' with train.batch_size=1, where a fake has no other "
                "to pull away from; take two at least"
            )
