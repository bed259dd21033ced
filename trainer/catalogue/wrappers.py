"""Wrappers: what changes the play of any round."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component, Custom

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class Unroll(Component):
    """The generator plays against the discriminator as it will be (Metz et al. 2017)."""

    target: ClassVar[str] = "trainer.game.wrappers.unroll:Unroll"
    name: Literal["unroll"] = "unroll"
    # Updates of the discriminator that the generator looks ahead.
    steps: int = Field(5, ge=0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Fakes that are made outside of the discriminator's turn."""
        if not getattr(experiment.round, "fresh_latents", True):
            yield (
                "round.fresh_latents: received false with the wrapper 'unroll', which needs fakes "
                "of the discriminator's own turn; set it to true"
            )


class Pack(Component):
    """The discriminator judges several samples at once (PacGAN, Lin et al. 2018)."""

    target: ClassVar[str] = "trainer.game.wrappers.pack:Pack"
    name: Literal["pack"] = "pack"
    # Samples that are judged together.
    samples: int = Field(2, ge=2)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A batch that is no multiple of the pack, on each replica."""
        batch, replicas = experiment.train.batch_size, experiment.devices.replicas or 1
        if batch % (self.samples * replicas):
            yield (
                f"train.batch_size: received {batch}, which packs of {self.samples} on {replicas} "
                f"replica(s) do not divide; take a multiple of {self.samples * replicas}"
            )


Wrapper = Annotated[Unroll | Pack | Custom, BY_NAME]
