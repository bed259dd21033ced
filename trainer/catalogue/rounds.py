"""Rounds: the rules of play."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component


class OrdinaryRound(Component):
    """k discriminator turns, then one generator turn (Goodfellow et al. 2014, algorithm 1)."""

    target: ClassVar[str] = "trainer.game.rounds.ordinary:OrdinaryRound"
    name: Literal["ordinary"] = "ordinary"
    # k of the algorithm: discriminator turns in a step, each on a batch of its own.
    discriminator_turns: int = Field(1, ge=1)
    # Whether the generator's turn draws new latents. With false (k = 1 only) it plays the fakes
    # that the discriminator has just seen, which saves one pass through the generator.
    fresh_latents: bool = True


Round = Annotated[OrdinaryRound, BY_NAME]
