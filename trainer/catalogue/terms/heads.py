"""Terms of what the discriminator also says: classes, numbers, codes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import Component, Custom

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


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
        """A game without classes as condition, and a twin without the classifier it belongs to."""
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
        if (
            "text" in experiment.conditioned_on
            and not experiment.network_of("discriminator").reads_alone
        ):
            yield (
                "terms: received 'classification' under captions, and a discriminator whose "
                f"network {experiment.network_of('discriminator').name!r} can read the class from "
                "the caption, which joins the picture; take dcgan with "
                "network.discriminator_conditioning=hidden or projection"
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
        """A game that is not conditioned on the attributes."""
        if "attributes" not in experiment.conditioned_on:
            yield (
                f"terms: received 'regression' with condition={experiment.condition.name}; set "
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
    # Of the Gaussian by which continuous codes are read: learned as in the paper, or one as in the
    # authors' code, where codes win nothing by being written ever more sharply.
    deviation: Literal["learned", "one"] = "learned"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A prior without codes."""
        prior = experiment.prior
        if not (getattr(prior, "categorical", ()) or getattr(prior, "continuous", 0)):
            yield (
                "terms: received 'mutual_information' with a prior that has no codes; set "
                "prior.categorical=[10] or prior.continuous=2"
            )


class Supervised(Component):
    """The discriminator also learns the classes of a few labelled examples (Salimans et al. 2016).

    They are a table of the data beside the others: the sources `few_labels` and `partly_labelled`
    have one.
    """

    target: ClassVar[str] = "trainer.game.terms.supervised:Supervised"
    name: Literal["supervised"] = "supervised"
    # Weight of the class loss; the authors' code weighs it twice as much as the paper's sum.
    weight: float = Field(1.0, gt=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Data of the library's own that has no such table."""
        source = experiment.data.source
        if not isinstance(source, Custom) and source.name not in ("few_labels", "partly_labelled"):
            yield (
                f"terms: received 'supervised' with data.source={source}, which has no labelled "
                "examples beside the others; set data.source={name: few_labels, labelled: "
                "folder:A, unlabelled: folder:B}, or {name: partly_labelled, of: digits}"
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


class GivenCategory(Component):
    """The category that a row was asked for must stand in it (Xu et al. 2019)."""

    target: ClassVar[str] = "trainer.game.terms.category:GivenCategory"
    name: Literal["given_category"] = "given_category"
    # Weight of the cross-entropy, in the generator's turn.
    weight: float = Field(1.0, gt=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game in which no category is asked for."""
        if "category" not in experiment.conditioned_on:
            yield (
                f"terms: received 'given_category' with condition={experiment.condition.name}, "
                "which asks for none; set condition=category"
            )
