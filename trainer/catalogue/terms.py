"""Terms: further losses of either side; penalties are terms that constrain."""

from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component, Custom
from trainer.catalogue.extractors import ClassifierExtractor, SavedModelExtractor

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment

# ---- Penalties ----------------------------------------------------------------------------------


class GradientBased(Component):
    """A penalty on the gradient of one example, which must not depend on its batch.

    The deviation of a group is the exception: its authors play it with gradients of the group's
    sum (Karras et al. 2018 and 2020).
    """

    # Played every so many steps, with as many times the weight (Karras et al. 2020).
    every: int = Field(1, ge=1)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Discriminators that normalise by the batch, or look at it."""
        roles = experiment.round.roles or {"discriminator": "discriminator"}
        judges = ("discriminator", "autoencoder")
        for role in (name for name, kind in roles.items() if kind in judges):
            network = experiment.network_of(role)
            option = network.mixing("discriminator")
            if option is not None and attrgetter(option)(network) != "deviation":
                where = f"networks.{role}" if role in experiment.networks else "network"
                yield (
                    f"{where}.{option}: received {attrgetter(option)(network)!r} with a gradient "
                    "penalty, whose gradient of one example must not depend on its batch; set it "
                    f"to {'layer or none' if option.endswith('normalization') else 'none'}"
                )


class GradientPenalty(GradientBased):
    """Keeps the critic's gradient norm at one between real and fake (Gulrajani et al. 2017)."""

    target: ClassVar[str] = "trainer.game.terms.gradients:GradientPenalty"
    name: Literal["gradient_penalty"] = "gradient_penalty"
    # Lambda of the paper.
    weight: float = Field(10.0, gt=0.0)
    # Whether norms below one are free (Petzka et al. 2018).
    one_sided: bool = False


class R1(GradientBased):
    """Keeps the discriminator's gradient small on real examples (Mescheder et al. 2018)."""

    target: ClassVar[str] = "trainer.game.terms.gradients:R1"
    name: Literal["r1"] = "r1"
    # Gamma of the paper; the penalty is half of it times the squared norm.
    gamma: float = Field(10.0, gt=0.0)


class R2(GradientBased):
    """Keeps the discriminator's gradient small on fakes (Mescheder et al. 2018)."""

    target: ClassVar[str] = "trainer.game.terms.gradients:R2"
    name: Literal["r2"] = "r2"
    # Gamma of the paper; the penalty is half of it times the squared norm.
    gamma: float = Field(10.0, gt=0.0)


class Dragan(GradientBased):
    """Keeps the gradient norm at one around real examples (DRAGAN, Kodali et al. 2017)."""

    target: ClassVar[str] = "trainer.game.terms.gradients:Dragan"
    name: Literal["dragan"] = "dragan"
    # Lambda of the paper.
    weight: float = Field(10.0, gt=0.0)
    # How far around, in standard deviations of the batch.
    spread: float = Field(0.5, gt=0.0)


class Drift(Component):
    """Keeps the critic's answers about real examples near zero (Karras et al. 2018)."""

    target: ClassVar[str] = "trainer.game.terms.drift:Drift"
    name: Literal["drift"] = "drift"
    # Of the squared logit.
    weight: float = Field(1e-3, gt=0.0)


# ---- Heads and other terms ----------------------------------------------------------------------


class Classification(Component):
    """The discriminator also names the class (AC-GAN, Odena et al. 2017).

    Under captions it is the class of the caption's own picture (TAC-GAN, Dash et al. 2017).
    """

    target: ClassVar[str] = "trainer.game.terms.classification:Classification"
    name: Literal["classification"] = "classification"
    # Weight of the class loss of real examples, in the discriminator's turn.
    weight: float = Field(1.0, gt=0.0)
    # Weight of the class loss of fakes, in the generator's turn.
    generator_weight: float = Field(1.0, ge=0.0)
    # Weight of the class loss of fakes in the discriminator's turn, as in the paper's equation 3.
    fake_weight: float = Field(0.0, ge=0.0)
    # Weight of a twin classifier, which learns the classes of fakes in the discriminator's turn and
    # whose loss the generator raises: classes then overlap as in the data (Gong et al. 2019).
    twin_weight: float = Field(0.0, ge=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game that is not told the classes, and a twin without the classifier it belongs to."""
        if self.twin_weight and not self.generator_weight:
            yield (
                f"terms: received 'classification' with twin_weight={self.twin_weight:g} and "
                "generator_weight=0; set both to 1, or twin_weight=0"
            )
        if experiment.condition.name not in ("label", "text", "together"):
            yield (
                f"terms: received 'classification' with condition={experiment.condition.name}; "
                "set condition=label"
            )


class Regression(Component):
    """The discriminator also reads the attributes (after Odena et al. 2017, Choi et al. 2018)."""

    target: ClassVar[str] = "trainer.game.terms.regression:Regression"
    name: Literal["regression"] = "regression"
    # The field of the example that holds them.
    field: str = "attributes"
    # Weight of the squared error of real examples, in the discriminator's turn.
    weight: float = Field(1.0, gt=0.0)
    # Weight of the squared error of fakes, in the generator's turn.
    generator_weight: float = Field(1.0, gt=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game that is not told the attributes."""
        condition = experiment.condition
        told = [one.name for one in getattr(condition, "of", (condition,))]
        if "attributes" not in told:
            yield (
                f"terms: received 'regression' with condition={condition.name}; set "
                "condition=attributes"
            )


class MutualInformation(Component):
    """Both sides raise the information that samples hold of the codes (Chen et al. 2016)."""

    target: ClassVar[str] = "trainer.game.terms.mutual_information:MutualInformation"
    name: Literal["mutual_information"] = "mutual_information"
    # Weight of the categorical codes.
    weight: float = Field(1.0, gt=0.0)
    # Weight of the continuous codes.
    continuous_weight: float = Field(1.0, gt=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A prior without codes."""
        prior = experiment.prior
        if not (getattr(prior, "categorical", ()) or getattr(prior, "continuous", 0)):
            yield (
                "terms: received 'mutual_information' with a prior that has no codes; set "
                "prior.categorical=[10] or prior.continuous=2"
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
            "example can be told; set condition=image, condition=label_map or condition=derived"
        )


class Supervised(Component):
    """The discriminator also learns the classes of a few labelled examples (Salimans et al. 2016).

    They are a table of the data beside the others: the source `partly_labelled` makes one.
    """

    target: ClassVar[str] = "trainer.game.terms.supervised:Supervised"
    name: Literal["supervised"] = "supervised"
    # Weight of the class loss; the authors' code weighs it twice as much as the paper's sum.
    weight: float = Field(1.0, gt=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Data of the library's own that has no such table."""
        source = experiment.data.source
        if not isinstance(source, Custom) and source.name != "partly_labelled":
            yield (
                f"terms: received 'supervised' with data.source={source}, which has no labelled "
                "examples beside the others; set data.source={name: partly_labelled, of: digits}"
            )


class Adaptation(Component):
    """Classes are learned in domain a, and read in domain b, whose are not known (Liu & Tuzel)."""

    target: ClassVar[str] = "trainer.game.terms.adaptation:Adaptation"
    name: Literal["adaptation"] = "adaptation"
    # Weight of the class loss of domain a, in the discriminator's turn.
    weight: float = Field(10.0, gt=0.0)
    # Weight of the squared distance between the features of the two pictures of one latent.
    alike: float = Field(0.01, ge=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Rounds of one domain, and domains without classes."""
        if experiment.round.name != "joint" and not isinstance(experiment.round, Custom):
            yield (
                f"terms: received 'adaptation' with the round {experiment.round.name!r}, in which "
                "no two domains share a discriminator; set round=joint, or leave it out"
            )
        source = experiment.data.source
        if not isinstance(source, Custom) and not getattr(source, "labelled", False):
            yield (
                f"terms: received 'adaptation' with data.source={source}, of which no domain has "
                "classes; set data.source.labelled=true on a source of two domains"
            )


class CaptionTerm(Component):
    """A term that needs captions of other examples beside an example's own."""

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game without captions."""
        conditions = getattr(experiment.condition, "of", (experiment.condition,))
        if not any(condition.name == "text" for condition in conditions):
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
        """A game without captions, told or made."""
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


class GivenCategory(Component):
    """The category that a row was asked for must stand in it (Xu et al. 2019)."""

    target: ClassVar[str] = "trainer.game.terms.category:GivenCategory"
    name: Literal["given_category"] = "given_category"
    # Weight of the cross-entropy, in the generator's turn.
    weight: float = Field(1.0, gt=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game in which no category is asked for."""
        conditions = getattr(experiment.condition, "of", (experiment.condition,))
        if not any(condition.name == "category" for condition in conditions):
            yield (
                f"terms: received 'given_category' with condition={experiment.condition.name}, "
                "which asks for none; set condition=category"
            )


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


Penalty = Annotated[GradientPenalty | R1 | R2 | Dragan | Drift | Custom, BY_NAME]
AnyTerm = Annotated[
    Classification
    | Regression
    | MutualInformation
    | Reconstruction
    | Content
    | Penetration
    | GapHistogram
    | Supervised
    | Adaptation
    | FeatureMatching
    | PullingAway
    | ModeSeeking
    | MatchingAware
    | Interpolation
    | GivenCategory
    | Custom,
    BY_NAME,
]
