"""Networks: what the players are made of."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component, Custom


class AnyNetwork(Component):
    """What every family of networks has.

    Attributes:
        builds: the kinds of roles that it can build.
    """

    builds: ClassVar[tuple[str, ...]] = ()

    def mixes_examples(self, kind: str) -> bool:
        """Whether what a network of this kind says of one example depends on its batch."""
        return False


class MLP(AnyNetwork):
    """Fully connected players, for points, tables and small images (Goodfellow et al. 2014)."""

    target: ClassVar[str] = "trainer.networks.mlp:MLP"
    builds: ClassVar[tuple[str, ...]] = ("generator", "encoder", "discriminator")
    name: Literal["mlp"] = "mlp"
    # Units of each hidden layer, in both players.
    units: Annotated[tuple[int, ...], Field(strict=False, min_length=1)] = (128, 128)
    # Units of the discriminator's hidden layers, where they differ.
    discriminator_units: Annotated[tuple[int, ...] | None, Field(strict=False)] = None
    # Normalisation behind every hidden layer of the generator.
    generator_normalization: Literal["none", "batch", "layer"] = "none"
    # Normalisation behind every hidden layer of the discriminator.
    discriminator_normalization: Literal["none", "batch", "layer"] = "none"

    def mixes_examples(self, kind: str) -> bool:
        """Batch normalisation does."""
        judges = kind == "discriminator"
        chosen = self.discriminator_normalization if judges else self.generator_normalization
        return chosen == "batch"


class DCGAN(AnyNetwork):
    """Strided convolutions that size themselves from the data (Radford et al. 2016)."""

    target: ClassVar[str] = "trainer.networks.dcgan:DCGAN"
    builds: ClassVar[tuple[str, ...]] = ("generator", "encoder", "discriminator")
    name: Literal["dcgan"] = "dcgan"
    # Filters at the highest resolution; they double with every halving.
    base_filters: int = Field(64, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(512, ge=1)
    # Side of the square kernels; even sizes meet stride 2 without a checkerboard.
    kernel_size: int = Field(4, ge=1)
    # Normalisation of the generator's hidden layers.
    generator_normalization: Literal["none", "batch", "layer"] = "batch"
    # Normalisation of the discriminator's hidden layers (never its first).
    discriminator_normalization: Literal["none", "batch", "layer"] = "batch"
    # How a condition's vectors reach the generator: beside the latent, or as scale and offset of
    # every normalisation (de Vries et al. 2017).
    generator_conditioning: Literal["concatenate", "normalization"] = "concatenate"
    # How they reach the discriminator: as constant channels, or by projection on its last layer
    # (Miyato & Koyama 2018).
    discriminator_conditioning: Literal["concatenate", "projection"] = "concatenate"

    def mixes_examples(self, kind: str) -> bool:
        """Batch normalisation does."""
        judges = kind == "discriminator"
        chosen = self.discriminator_normalization if judges else self.generator_normalization
        return chosen == "batch"


Network = Annotated[MLP | DCGAN | Custom, BY_NAME]
