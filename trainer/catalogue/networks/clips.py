"""Networks of frames and clips."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Custom
from trainer.catalogue.networks.network import AnyNetwork
from trainer.catalogue.networks.plain import DCGAN, R3GAN, SNGAN
from trainer.catalogue.networks.scales import Progressive
from trainer.catalogue.networks.translation import Patch, ResNet, UNet

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment

# Families that can look at several frames as one picture.
_Pictures = Annotated[DCGAN | SNGAN | R3GAN | UNet | ResNet | Patch | Progressive | Custom, BY_NAME]


class Frames(AnyNetwork):
    """A family for pictures, to which a clip is a picture with its frames for channels."""

    target: ClassVar[str] = "trainer.networks.frames:Frames"
    name: Literal["frames"] = "frames"
    # The family, which must be able to build what the round asks for.
    of: _Pictures = UNet()

    @property
    def judged_together(self) -> int:
        """That of the family."""
        return self.of.judged_together

    def mixing(self, kind: str) -> str | None:
        """That of the family."""
        option = self.of.mixing(kind)
        return f"of.{option}" if option else None

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A role that the family cannot build."""
        for role, kind in experiment.round.roles.items():
            if experiment.network_of(role) is self and kind not in (self.of.builds or (kind,)):
                yield (
                    f"network.of: received {self.of.name!r} for the role {role!r}, and it has no "
                    f"{kind}; take a family that has one, or set networks.{role}"
                )


class Vid2Vid(AnyNetwork):
    """A generator of clips that makes each frame of the one before it (Wang et al. 2018)."""

    target: ClassVar[str] = "trainer.networks.vid2vid:Vid2Vid"
    builds: ClassVar[tuple[str, ...]] = ("generator",)
    name: Literal["vid2vid"] = "vid2vid"
    # The family of the network of a frame.
    of: Annotated[UNet | ResNet, BY_NAME] = UNet()
    # Pixels that anything moves at most from a frame to the next.
    reach: float = Field(4.0, gt=0.0)
    # Whether frames are moved on; false makes every frame of what is given alone.
    history: bool = True

    def mixing(self, kind: str) -> str | None:
        """That of the family."""
        option = self.of.mixing(kind)
        return f"of.{option}" if option else None
