"""Games of generators that choose one symbol after another."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import off_block
from trainer.catalogue.rounds.round import PICTURES, SYMBOLS, AnyRound, unplayed

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class AnyWriterRound(AnyRound):
    """A generator that chooses symbols or strokes in turn; but for captions it has no condition."""

    plays_on: ClassVar[str | None] = SYMBOLS
    # Conditions that the writer can have; where there are any, latents are possible, too.
    conditions: ClassVar[tuple[str, ...]] = ()
    # Terms that somebody plays.
    accepts: ClassVar[tuple[str, ...]] = ()

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Latents and conditions, and losses that nobody would play."""
        for kind in () if self.conditions else ("prior", "condition"):
            name = getattr(experiment, kind).name
            if name != "none":
                yield (
                    f"{kind}.name: received {name!r} with the round {self.name!r}, whose generator "
                    f"has none; set {kind}=none"
                )
        why = "whose generator chooses one thing after another"
        yield from unplayed(experiment, "terms", "wrappers", why=why, played=self.accepts)


class LikelihoodRound(AnyWriterRound):
    """A writer of symbols alone, by maximum likelihood: what GANs of texts are measured against."""

    target: ClassVar[str] = "trainer.game.rounds.writer:Likelihood"
    roles: ClassVar[dict[str, str]] = {"generator": "cell"}
    name: Literal["likelihood"] = "likelihood"

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Also penalties of a discriminator."""
        yield from super().impossible(experiment)
        yield from unplayed(experiment, "penalties", why="which has no discriminator")


class PretrainedWriterRound(AnyWriterRound):
    """A writer that learns from the data, a judge that learns from both, and then their game."""

    roles: ClassVar[dict[str, str]] = {"generator": "cell", "discriminator": "discriminator"}
    # Steps in which the writer learns to continue the data's own sequences.
    pretrain_generator: int = Field(4000, ge=0)
    # Steps after those in which the discriminator alone plays.
    pretrain_discriminator: int = Field(1000, ge=0)
    # Discriminator turns in a step, each on a batch of its own.
    discriminator_turns: int = Field(1, ge=1)

    @property
    def turns(self) -> int:
        """Batches of real examples that one step consumes."""
        return self.discriminator_turns

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Also stages that end within a block."""
        yield from super().impossible(experiment)
        yield from off_block("round.pretrain_generator", self.pretrain_generator, experiment)
        yield from off_block(
            "round.pretrain_discriminator", self.pretrain_discriminator, experiment
        )


class AnyPolicyRound(PretrainedWriterRound):
    """A writer of symbols that is moved by rewards."""

    # Ways in which each beginning of a sequence is completed, to see what it is worth.
    rollouts: int = Field(16, ge=1)
    # What is taken off a reward: nothing, as in the paper, or the mean of the batch's other
    # sequences at the same place, which leaves the expected gradient as it is and calms it.
    baseline: Literal["none", "mean"] = "none"


class PolicyRound(AnyPolicyRound):
    """A writer of symbols, rewarded by the discriminator (SeqGAN, Yu et al. 2017)."""

    target: ClassVar[str] = "trainer.game.rounds.policy:Policy"
    name: Literal["policy"] = "policy"


class CaptioningRound(AnyPolicyRound):
    """A writer conditioned on a picture, and a judge of whether the two fit (Dai et al. 2017)."""

    target: ClassVar[str] = "trainer.game.rounds.captioning:Captioning"
    roles: ClassVar[dict[str, str]] = {
        "generator": "cell",
        "discriminator": "discriminator",
        "picture_encoder": "encoder",
    }
    conditions: ClassVar[tuple[str, ...]] = ("image",)
    accepts: ClassVar[tuple[str, ...]] = ("matching_aware",)
    name: Literal["captioning"] = "captioning"
    # Numbers that stand for a picture, which the writer sees beside every symbol.
    picture: int = Field(64, ge=1)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Also a game without pictures."""
        yield from super().impossible(experiment)
        if experiment.condition.name not in self.conditions:
            yield (
                f"condition.name: received {experiment.condition.name!r} with the round "
                "'captioning', which writes about pictures; set condition=image and a source of "
                "captions, such as data.source=described"
            )


class GumbelRound(PretrainedWriterRound):
    """A writer whose symbols are Gumbel-softmax ones, through which gradients flow (Jang 2017)."""

    target: ClassVar[str] = "trainer.game.rounds.gumbel:Gumbel"
    name: Literal["gumbel"] = "gumbel"
    # Where the temperature begins; low ones are nearly one-hot, and their gradients noisy.
    temperature: float = Field(1.0, gt=0.0)
    # Where it ends.
    final_temperature: float = Field(0.5, gt=0.0)
    # Steps of the game in which it gets there, by the same factor each.
    annealing: int = Field(1000, ge=1)
    # Whether the discriminator sees one-hot symbols, and gradients are those of the soft ones.
    straight_through: bool = True

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Also a temperature that rises."""
        yield from super().impossible(experiment)
        if self.final_temperature > self.temperature:
            yield (
                f"round.final_temperature: received {self.final_temperature} above "
                f"temperature={self.temperature}, but it is annealed; take a lower one"
            )


class ProgramsRound(AnyWriterRound):
    """A painter of strokes, rewarded for the picture they make (SPIRAL, Ganin et al. 2018)."""

    target: ClassVar[str] = "trainer.game.rounds.programs:Programs"
    roles: ClassVar[dict[str, str]] = {"generator": "cell", "discriminator": "discriminator"}
    plays_on: ClassVar[str | None] = PICTURES
    name: Literal["programs"] = "programs"
    # Strokes of a program.
    strokes: int = Field(3, ge=1, le=64)
    # Places along either side that a stroke may start from, bend towards and end at.
    lattice: int = Field(8, ge=2, le=64)
    # Of a stroke, in pixels.
    width: float = Field(1.5, gt=0.0)
    # Weight of the entropy of each choice, which keeps the painter trying.
    entropy: float = Field(0.01, ge=0.0)
    # Discriminator turns in a step, each on a batch of its own.
    discriminator_turns: int = Field(1, ge=1)

    @property
    def turns(self) -> int:
        """Batches of real examples that one step consumes."""
        return self.discriminator_turns

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Also strokes of another width."""
        yield from super().impossible(experiment)
        source = experiment.data.source
        if source.name == "stroke_digits" and getattr(source, "width", None) != self.width:
            yield (
                f"round.width: received {self.width:g} with data.source.width="
                f"{getattr(source, 'width', None)}, by which a discriminator tells them apart; "
                "make them equal"
            )
