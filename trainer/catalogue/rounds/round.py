"""What every round has."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from trainer.catalogue.choice import Component
from trainer.catalogue.sources.source import Source, held_by

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


# What samples may be asked to be, as `Source.holds` has it, and data that is.
PICTURES, SYMBOLS, MOLECULES = "pictures", "symbols", "molecules"
_SUCH_DATA = {
    PICTURES: "give data of pictures",
    SYMBOLS: "set data.source=grammar or text:FILE",
    MOLECULES: "set data.source=molecules or smiles:FILE",
}


class AnyRound(Component):
    """What every round has.

    Attributes:
        roles: the networks of the game, and the kind of each: what a family must be able to build.
        translates: whether its generators are given pictures, whatever the condition is.
        plays_on: what samples must be; None plays on any.
        needs_fields: names that examples must have.
    """

    roles: ClassVar[dict[str, str]] = {}
    plays_on: ClassVar[str | None] = None
    translates: ClassVar[bool] = False
    needs_fields: ClassVar[tuple[str, ...]] = ("sample",)

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


def unfit_data(experiment: "Experiment", seen: str | None = None) -> Iterator[str]:
    """The sentence for data that the round cannot play on.

    Args:
        experiment: whose round and source they are.
        seen: what samples are, where the data was looked at. Else the source's class tells: one of
            ours that tells nothing has pictures or numbers, never symbols or molecules.
    """
    needed, source = getattr(experiment.round, "plays_on", None), experiment.data.source
    held = held_by(source) or seen
    known = held or (PICTURES if isinstance(source, Source) else needed)
    if needed is None or known == needed:
        return
    which = f", which holds {held}" if held else ""
    yield (
        f"round.name: received {experiment.round.name!r} with data.source={source}{which}, but it "
        f"plays on {needed}; {_SUCH_DATA[needed]}, or take another round"
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
