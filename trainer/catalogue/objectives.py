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


class Classes(Component):
    """The log-sum-exp of class logits says what is real (Salimans et al. 2016, section 5)."""

    target: ClassVar[str] = "trainer.game.objectives:classes"
    name: Literal["classes"] = "classes"
    # Weight of the generator's own -log D(G(z)); zero leaves it to feature matching, as the paper.
    generator_weight: float = Field(0.0, ge=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Classes that nobody teaches, and a generator that nobody teaches."""
        terms = {term.name for term in experiment.terms}
        if not terms & {"supervised", "classification"}:
            yield (
                "objective: received 'classes' without a term that teaches them; set "
                "terms=[supervised, feature_matching]"
            )
        if not self.generator_weight and "feature_matching" not in terms:
            yield (
                "objective.generator_weight: received 0.0 without the term 'feature_matching', so "
                "the generator has no loss; add the term, or set it to 1"
            )


Objective = Annotated[
    Minimax | NonSaturating | LeastSquares | Hinge | Wasserstein | Classes | Custom, BY_NAME
]
