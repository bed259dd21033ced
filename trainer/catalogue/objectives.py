"""Objectives: what each player minimises."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component, Custom

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class AnyObjective(Component):
    """What every objective has.

    Attributes:
        logits_are_probabilities: whether sigmoid(logit) estimates the probability of being real.
    """

    logits_are_probabilities: ClassVar[bool] = False

    @property
    def sign_tells(self) -> bool:
        """Whether a logit above zero says that an example is more likely real than fake."""
        return False


class Telling(AnyObjective):
    """An objective under which the sign of a logit tells real from fake."""

    @property
    def sign_tells(self) -> bool:
        """It does."""
        return True


class Minimax(Telling):
    """The zero-sum game of Goodfellow et al. 2014, equation 1."""

    logits_are_probabilities: ClassVar[bool] = True
    target: ClassVar[str] = "trainer.game.objectives:minimax"
    name: Literal["minimax"] = "minimax"


class NonSaturating(Telling):
    """The generator maximises log D(G(z)) (Goodfellow et al. 2014, section 3)."""

    logits_are_probabilities: ClassVar[bool] = True
    target: ClassVar[str] = "trainer.game.objectives:non_saturating"
    name: Literal["non_saturating"] = "non_saturating"
    # Probability the discriminator is asked to give real examples; below 1 it is the one-sided
    # label smoothing of Salimans et al. 2016.
    real_label: float = Field(1.0, gt=0.5, le=1.0)
    # Share of labels that are flipped in the discriminator's turn, taken in expectation.
    flipped_labels: float = Field(0.0, ge=0.0, lt=0.5)


class LeastSquares(AnyObjective):
    """Squared distances to target scores (Mao et al. 2017, equation 9)."""

    target: ClassVar[str] = "trainer.game.objectives:least_squares"
    name: Literal["least_squares"] = "least_squares"


class Hinge(Telling):
    """Margins for the discriminator, the raw score for the generator (Lim & Ye 2017)."""

    target: ClassVar[str] = "trainer.game.objectives:hinge"
    name: Literal["hinge"] = "hinge"


class Wasserstein(AnyObjective):
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


class Classes(Telling):
    """The log-sum-exp of class logits says what is real (Salimans et al. 2016, section 5)."""

    logits_are_probabilities: ClassVar[bool] = True
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


class OfDifferences(AnyObjective):
    """An objective that only looks at how real and fake differ: one logit alone says nothing."""

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Rewards of single examples."""
        if experiment.round.name == "policy":
            yield (
                f"objective: received {self.name!r} with the round 'policy', which rewards single "
                "sequences by what the discriminator says of them alone; set "
                "objective=non_saturating"
            )


class Relativistic(OfDifferences):
    """A real example is to seem more real than the fake beside it (Jolicoeur-Martineau 2019)."""

    target: ClassVar[str] = "trainer.game.objectives:relativistic"
    name: Literal["relativistic"] = "relativistic"


class RelativisticAverage(OfDifferences):
    """Real is to seem more real than fakes do on average (Jolicoeur-Martineau 2019)."""

    target: ClassVar[str] = "trainer.game.objectives:relativistic_average"
    name: Literal["relativistic_average"] = "relativistic_average"
    # The loss of a difference: logistic is the paper's RaSGAN, hinge its RaHingeGAN.
    loss: Literal["logistic", "hinge"] = "logistic"


class FDivergence(AnyObjective):
    """A lower bound on an f-divergence of data and samples (f-GAN, Nowozin et al. 2016)."""

    target: ClassVar[str] = "trainer.game.objectives:f_divergence"
    name: Literal["f_divergence"] = "f_divergence"
    # Of the data from the samples.
    divergence: Literal["kl", "reverse_kl", "pearson", "squared_hellinger", "jensen_shannon"] = (
        "jensen_shannon"
    )
    # Whether the generator minimises the very bound that the discriminator raises; else it raises
    # the discriminator's answers, whose gradient does not vanish when it loses (section 3.2).
    zero_sum: bool = False

    @property
    def sign_tells(self) -> bool:
        """But for the Kullback-Leibler divergence, where one is the threshold."""
        return self.divergence != "kl"


class Energy(AnyObjective):
    """An autoencoder's error, low for real and up to a margin for fakes (EBGAN, Zhao et al. 2017).

    The round `energy` finds the margin.
    """

    target: ClassVar[str] = "trainer.game.objectives:energy"
    name: Literal["energy"] = "energy"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Rounds whose discriminator assigns no energies."""
        if experiment.round.name != "energy" and not isinstance(experiment.round, Custom):
            yield (
                f"objective: received 'energy' with the round {experiment.round.name!r}, whose "
                "discriminator is no autoencoder; set round=energy"
            )


Objective = Annotated[
    Minimax
    | NonSaturating
    | LeastSquares
    | Hinge
    | Wasserstein
    | Classes
    | Relativistic
    | RelativisticAverage
    | FDivergence
    | Energy
    | Custom,
    BY_NAME,
]
