"""What every family of networks has, and what several share."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import Component

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class AnyNetwork(Component):
    """What every family of networks has.

    Attributes:
        builds: the kinds of roles that it can build.
        judged_together: examples that its discriminator judges as a group of neighbours.
        reads_alone: whether the discriminator's heads read the sample alone.
    """

    builds: ClassVar[tuple[str, ...]] = ()

    @property
    def reads_alone(self) -> bool:
        """See the class."""
        return False

    @property
    def judged_together(self) -> int:
        """See the class."""
        return 1

    def mixing(self, kind: str) -> str | None:
        """The option by which what a network of this kind says of one example depends on others."""
        return None


class TwoNormalizations(AnyNetwork):
    """A family that normalises its players differently."""

    def mixing(self, kind: str) -> str | None:
        """Batch normalisation."""
        option = f"{'discriminator' if kind == 'discriminator' else 'generator'}_normalization"
        return option if getattr(self, option) == "batch" else None


class Comparing(AnyNetwork):
    """A family whose discriminator may look at a sample's neighbours in the batch."""

    # What the discriminator's last layers also see of a sample among its neighbours: minibatch
    # discrimination (Salimans et al. 2016), their Euclidean distances, or the standard deviation
    # of the whole group (Karras et al. 2018, who take groups of 4).
    discriminator_batch_features: Literal["none", "minibatch", "distances", "deviation"] = "none"
    # Neighbours that are compared with one another; a batch, on every replica, is groups of them.
    discriminator_group: int = Field(16, ge=2)

    @property
    def judged_together(self) -> int:
        """See `AnyNetwork`."""
        return 1 if self.discriminator_batch_features == "none" else self.discriminator_group

    def mixing(self, kind: str) -> str | None:
        """Features of the batch, and what else the family mixes by."""
        compares = kind == "discriminator" and self.judged_together > 1
        return super().mixing(kind) or ("discriminator_batch_features" if compares else None)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Batches that groups do not divide, and rounds that ask about single samples."""
        if self.judged_together == 1:
            return
        packs = math.prod(getattr(w, "samples", 1) for w in experiment.wrappers)
        least = self.judged_together * packs * (experiment.devices.replicas or 1)
        if experiment.train.batch_size % least:
            yield (
                f"network.discriminator_group: received {self.discriminator_group}, but a batch of "
                f"{experiment.train.batch_size} (on {experiment.devices.replicas or 1} replica(s), "
                f"in packs of {packs}) is not whole groups; make train.batch_size a multiple of "
                f"{least}, or the group smaller"
            )
        if experiment.round.name in ("pairs", "policy", "energy"):
            yield (
                f"network.discriminator_batch_features: received "
                f"{self.discriminator_batch_features!r} with the round {experiment.round.name!r}, "
                "which asks the discriminator about single samples; set it to none"
            )
