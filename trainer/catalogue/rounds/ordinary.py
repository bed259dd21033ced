"""Games about samples that are made of latents."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import Component, Custom, off_block
from trainer.catalogue.rounds.round import MOLECULES, PICTURES, AnyRound, InTurns, without_latent

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class OrdinaryRound(InTurns):
    """k discriminator turns, then one generator turn (Goodfellow et al. 2014, algorithm 1)."""

    target: ClassVar[str] = "trainer.game.rounds.ordinary:Ordinary"
    roles: ClassVar[dict[str, str]] = {"generator": "generator", "discriminator": "discriminator"}
    name: Literal["ordinary"] = "ordinary"


class SimultaneousRound(AnyRound):
    """Both players move at once, by one pass of each (Mescheder et al. 2017)."""

    target: ClassVar[str] = "trainer.game.rounds.simultaneous:Simultaneous"
    roles: ClassVar[dict[str, str]] = {"generator": "generator", "discriminator": "discriminator"}
    name: Literal["simultaneous"] = "simultaneous"


class EnergyRound(InTurns):
    """The same, against an autoencoder that first learns alone (EBGAN, Zhao et al. 2017)."""

    target: ClassVar[str] = "trainer.game.rounds.energy:EnergyBased"
    roles: ClassVar[dict[str, str]] = {"generator": "generator", "discriminator": "autoencoder"}
    name: Literal["energy"] = "energy"
    # Steps in which the autoencoder learns real examples alone.
    pretrain: int = Field(500, ge=1)
    # The margin, in multiples of the mean energy of real examples at their end.
    margin: float = Field(3.0, gt=1.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Another objective, and a game that begins within a block of steps."""
        yield from super().impossible(experiment)
        objective = experiment.objective
        if objective.name != "energy" and not isinstance(objective, Custom):
            yield (
                f"objective: received {objective.name!r} with the round 'energy', whose "
                "discriminator answers energies; set objective=energy"
            )
        yield from off_block("round.pretrain", self.pretrain, experiment)


class RewardedRound(InTurns):
    """The same, with a network that learns a reward and lets the generator raise it (MolGAN)."""

    target: ClassVar[str] = "trainer.game.rounds.rewarded:Rewarded"
    roles: ClassVar[dict[str, str]] = {
        "generator": "generator",
        "discriminator": "discriminator",
        "reward": "discriminator",
    }
    plays_on: ClassVar[str | None] = MOLECULES
    name: Literal["rewarded"] = "rewarded"
    # What a molecule is worth: whether it is valid and of one part, RDKit's estimate of its
    # drug-likeness, or a function of your own as `module:function`, of stored graphs and the field.
    reward: Literal["valid", "drug_likeness"] | Annotated[str, Field(pattern=r"^[\w.]+:\w+$")] = (
        "valid"
    )
    # Lambda of the paper: the share of the game in the generator's loss; the reward has the rest.
    adversarial_share: float = Field(0.5, ge=0.0, le=1.0)
    # The step from which the reward counts; before it is only learned.
    begin: int = Field(0, ge=0)
    # Whether the reward is scaled to the size of the game's loss.
    balanced: bool = True

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A reward of a package which is not there."""
        yield from super().impossible(experiment)
        if self.reward == "drug_likeness" and find_spec("rdkit") is None:
            yield (
                "round.reward: received 'drug_likeness', which the package 'rdkit' tells, and it "
                "is not installed; pip install 'saddlepoint[chem]', or set round.reward=valid"
            )


class StyleBasedRound(InTurns):
    """The same, with a style between a latent and its picture (StyleGAN2, Karras et al. 2020)."""

    target: ClassVar[str] = "trainer.game.rounds.style_based:StyleBased"
    roles: ClassVar[dict[str, str]] = {
        "mapping": "mapping",
        "generator": "generator",
        "discriminator": "discriminator",
    }
    plays_on: ClassVar[str | None] = PICTURES
    name: Literal["style_based"] = "style_based"
    # Share of training samples whose layers follow two styles, from a random layer on the second.
    mixing: float = Field(0.9, ge=0.0, le=1.0)
    # Weight of the path lengths, whose squared distance to their mean is minimised; 0 has none.
    path_length: float = Field(2.0, ge=0.0)
    # Played every so many steps, with as many times the weight.
    path_length_every: int = Field(4, ge=1)
    # How fast the mean length follows.
    path_length_decay: float = Field(0.01, gt=0.0, le=1.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """No latent, other networks, pictures as conditions, terms that make further samples."""
        yield from super().impossible(experiment)
        yield from without_latent(self.name, experiment)
        for role in ("mapping", "generator"):
            name = experiment.network_of(role).name
            if name != "stylegan2":
                yield (
                    f"networks.{role}: received {name!r} with the round 'style_based', whose "
                    "generator takes a style a layer; set it to stylegan2"
                )
        if experiment.condition.shows_pictures:
            yield (
                f"condition.name: received {experiment.condition.name!r} with the round "
                "'style_based', whose generator is conditioned through styles; set none, label or "
                "attributes"
            )
        for term in experiment.terms:
            if term.name in ("mode_seeking", "interpolation"):
                yield (
                    f"terms: received {term.name!r} with the round 'style_based', and that term "
                    "asks the generator by latents, not by styles; leave it out"
                )


class PyramidRound(Component):
    """A game a level, each about what a coarser picture lacks (LAPGAN, Denton et al. 2015)."""

    target: ClassVar[str] = "trainer.game.rounds.pyramid:Pyramid"
    translates: ClassVar[bool] = True
    turns: ClassVar[int] = 1
    plays_on: ClassVar[str] = PICTURES
    name: Literal["pyramid"] = "pyramid"
    # Sizes of pictures, each twice the one before; the largest is the data's.
    levels: int = Field(2, ge=2, le=8)

    @property
    def roles(self) -> dict[str, str]:
        """A generator and a discriminator of each level."""
        kinds = ("generator", "discriminator")
        return {f"{kind}_{level}": kind for level in range(self.levels) for kind in kinds}

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A game without latents, conditions of other kinds, wrappers, and level 0 by pictures."""
        yield from without_latent(self.name, experiment)
        if experiment.condition.name not in ("none", "label", "attributes"):
            yield (
                f"condition.name: received {experiment.condition.name!r} with the round 'pyramid', "
                "whose levels are given a smaller picture anyway; set none, label or attributes"
            )
        if experiment.wrappers:
            yield (
                f"wrappers: received {experiment.wrappers[0].name!r} with the round 'pyramid', "
                "which has a discriminator a level; leave the wrappers out"
            )
        for term in experiment.terms:
            if term.name in ("reconstruction", "content"):
                yield (
                    f"terms: received {term.name!r} with the round 'pyramid', whose first level "
                    "guesses at no example; leave it out"
                )
