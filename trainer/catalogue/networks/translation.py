"""Networks between pictures and pictures."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.networks.network import AnyNetwork

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class Translating(AnyNetwork):
    """A family that makes pictures of pictures."""

    builds: ClassVar[tuple[str, ...]] = ("generator",)
    # Normalisation of hidden layers; by instance it is what the papers' batches of one are.
    normalization: Literal["none", "batch", "layer", "instance"] = "instance"

    def mixing(self, kind: str) -> str | None:
        """Batch normalisation."""
        return "normalization" if self.normalization == "batch" else None

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A generator that is not conditioned on a picture."""
        roles = experiment.round.roles.items()
        used = any(kind == "generator" and experiment.network_of(n) is self for n, kind in roles)
        if used and not (experiment.round.translates or experiment.condition.shows_pictures):
            yield (
                f"network.name: received {self.name!r} with condition={experiment.condition.name}, "
                "but it makes pictures of pictures; set condition=image, "
                "condition=label_map or condition=derived"
            )


class UNet(Translating):
    """An encoder and a decoder with skips, and dropout for noise (Isola et al. 2017)."""

    target: ClassVar[str] = "trainer.networks.unet:UNet"
    name: Literal["unet"] = "unet"
    # Filters at the highest resolution; they double with every halving.
    base_filters: int = Field(64, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(512, ge=1)
    # Share of the features that dropout sets to zero in the decoder's first three layers, also in
    # what is exported; zero makes a network without noise.
    dropout: float = Field(0.5, ge=0.0, lt=1.0)


class ResNet(Translating):
    """Residual blocks at a lower resolution (Johnson et al. 2016, Zhu et al. 2017)."""

    target: ClassVar[str] = "trainer.networks.resnet:ResNet"
    name: Literal["resnet"] = "resnet"
    # Filters at the highest resolution; they double with each of at most two halvings.
    base_filters: int = Field(64, ge=1)
    # Residual blocks: six for pictures of 128 pixels, nine from 256 on.
    blocks: int = Field(6, ge=1)


class SPADE(Translating):
    """Residual blocks whose normalisations are steered by a map, place by place (Park 2019)."""

    target: ClassVar[str] = "trainer.networks.spade:SPADE"
    name: Literal["spade"] = "spade"
    # Filters at the highest resolution; they double with every halving.
    base_filters: int = Field(64, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(1024, ge=1)
    # Filters between the map and the scales and offsets that are made of it.
    hidden_filters: int = Field(128, ge=1)
    # What the scales and offsets follow, in the blocks.
    normalization: Literal["none", "batch", "layer", "instance"] = "batch"
    # How the map reaches the blocks: as scale and offset of every normalisation, or as further
    # channels in front of it.
    generator_conditioning: Literal["concatenate", "normalization"] = "normalization"


class SRResNet(Translating):
    """Blocks at the low resolution, then sub-pixel convolutions (Ledig et al. 2017)."""

    target: ClassVar[str] = "trainer.networks.srresnet:SRResNet"
    name: Literal["srresnet"] = "srresnet"
    # Of every layer at the low resolution.
    base_filters: int = Field(64, ge=1)
    # Blocks: 16 in SRResNet, 23 dense ones in ESRGAN.
    blocks: int = Field(16, ge=1)
    # Two convolutions with a normalisation each, or dense ones without any (Wang et al. 2018).
    block: Literal["residual", "dense"] = "residual"
    # Filters that every layer of a dense block adds.
    growth: int = Field(32, ge=1)
    # Normalisation in residual blocks.
    normalization: Literal["none", "batch", "layer", "instance"] = "batch"
    # Whether the picture, bicubically enlarged, is added to what is made (Kim et al. 2016): then a
    # network learns what bicubic enlargement lacks, and small ones go far.
    enlarged_input: bool = False

    def mixing(self, kind: str) -> str | None:
        """Batch normalisation, which dense blocks do not have."""
        return None if self.block == "dense" else super().mixing(kind)


class Patch(AnyNetwork):
    """A discriminator that judges every patch by itself (PatchGAN, Isola et al. 2017)."""

    target: ClassVar[str] = "trainer.networks.patch:Patch"
    builds: ClassVar[tuple[str, ...]] = ("discriminator",)
    name: Literal["patch"] = "patch"
    # Filters of the first layer; they double with every further one.
    base_filters: int = Field(64, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(512, ge=1)
    # Layers of stride two: patches are 7, 16, 34 and 70 pixels wide with 0 to 3 of them; null takes
    # as many as leave the patch within the picture, from one to three.
    layers: int | None = Field(None, ge=0, le=6)
    # Normalisation of hidden layers (never the first); spectral is of the kernels of all layers.
    normalization: Literal["none", "batch", "layer", "instance", "spectral"] = "instance"

    def mixing(self, kind: str) -> str | None:
        """Batch normalisation."""
        return "normalization" if self.normalization == "batch" else None
