"""Objectives: what each player minimises."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component, Custom

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class Minimax(Component):
    """The zero-sum game of Goodfellow et al. 2014, equation 1."""

    target: ClassVar[str] = "trainer.game.objectives:minimax"
    name: Literal["minimax"] = "minimax"


class NonSaturating(Component):
    """The generator maximises log D(G(z)) (Goodfellow et al. 2014, section 3)."""

    target: ClassVar[str] = "trainer.game.objectives:non_saturating"
    name: Literal["non_saturating"] = "non_saturating"
    # Probability the discriminator is asked to give real examples; below 1 it is the one-sided
    # label smoothing of Salimans et al. 2016.
    real_label: float = Field(1.0, gt=0.5, le=1.0)


class LeastSquares(Component):
    """Squared distances to target scores (Mao et al. 2017, equation 9)."""

    target: ClassVar[str] = "trainer.game.objectives:least_squares"
    name: Literal["least_squares"] = "least_squares"


class Hinge(Component):
    """Margins for the discriminator, the raw score for the generator (Lim & Ye 2017)."""

    target: ClassVar[str] = "trainer.game.objectives:hinge"
    name: Literal["hinge"] = "hinge"


class Wasserstein(Component):
    """Difference of mean critic scores (Arjovsky et al. 2017); needs a bounded critic."""

    target: ClassVar[str] = "trainer.game.objectives:wasserstein"
    name: Literal["wasserstein"] = "wasserstein"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A critic that nothing bounds."""
        if not (experiment.penalties or experiment.optimizers.discriminator.clip_weights):
            yield (
                "objective: received 'wasserstein' without a penalty, so the critic is unbounded; "
                "set penalties=[gradient_penalty], or optimizers.discriminator.clip_weights=0.01"
            )


Objective = Annotated[
    Minimax | NonSaturating | LeastSquares | Hinge | Wasserstein | Custom, BY_NAME
]
