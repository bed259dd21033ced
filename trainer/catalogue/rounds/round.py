"""What every round has."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from trainer.catalogue.choice import Component

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class AnyRound(Component):
    """What every round has.

    Attributes:
        roles: the networks of the game, and the kind of each: what a family must be able to build.
        translates: whether its generators are given pictures, whatever the condition is.
    """

    roles: ClassVar[dict[str, str]] = {}
    translates: ClassVar[bool] = False

    @property
    def turns(self) -> int:
        """Batches of real examples that one step consumes."""
        return 1


class InTurns(AnyRound):
    """k discriminator turns, then one generator turn."""

    # k of the algorithm: discriminator turns in a step, each on a batch of its own.
    discriminator_turns: int = Field(1, ge=1)
    # Whether the generator's turn draws new latents. With false (k = 1 only) it plays the fakes
    # that the discriminator has just seen, which saves one pass through the generator.
    fresh_latents: bool = True

    @property
    def turns(self) -> int:
        """Batches of real examples that one step consumes."""
        return self.discriminator_turns

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Fakes shared among several turns."""
        if self.discriminator_turns > 1 and not self.fresh_latents:
            yield (
                "round.fresh_latents: received false with discriminator_turns="
                f"{self.discriminator_turns}, but fakes can be shared between one turn of each "
                "player only; set it to true"
            )


def without_latent(name: str, experiment: "Experiment") -> Iterator[str]:
    """The sentence for a round of latents that has none."""
    if experiment.prior.name == "none":
        yield f"prior.name: received 'none' with the round {name!r}; set gaussian or uniform"


def unplayed(
    experiment: "Experiment",
    *kinds: str,
    why: str,
    played: tuple[str, ...] = (),
) -> Iterator[str]:
    """A sentence for each kind of choice, such as "terms", of which the round would play none.

    Args:
        experiment: whose round it is.
        kinds: fields of the experiment that are lists of components.
        why: a clause about the round, such as "which has no discriminator".
        played: names of those that it does play.
    """
    remedy = f"leave out all but the term {played[0]!r}" if played else "leave them out"
    for kind in kinds:
        if any(part.name not in played for part in getattr(experiment, kind)):
            name = experiment.round.name
            yield f"{kind}: received some with the round {name!r}, {why}; {remedy}"
