"""Networks between latents and samples of one resolution."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.networks.network import AnyNetwork, Comparing, TwoNormalizations


class MLP(Comparing, TwoNormalizations):
    """Fully connected players, for points, tables and small images (Goodfellow et al. 2014)."""

    target: ClassVar[str] = "trainer.networks.mlp:MLP"
    builds: ClassVar[tuple[str, ...]] = ("generator", "encoder", "discriminator", "autoencoder")
    name: Literal["mlp"] = "mlp"
    # Units of each hidden layer, in both players.
    units: Annotated[tuple[int, ...], Field(strict=False, min_length=1)] = (128, 128)
    # Units of the discriminator's hidden layers, where they differ.
    discriminator_units: Annotated[tuple[int, ...] | None, Field(strict=False)] = None
    # Of the hidden layers: relu is leaky in what judges; tanh is Metz et al.'s (2017).
    activation: Literal["relu", "tanh"] = "relu"
    # Whether the generator's hidden layers hand on what they were given, beside what they make of
    # it (Xu et al. 2019).
    generator_skips: bool = False
    # Of the Gumbel-softmax by which a generator makes categories.
    temperature: float = Field(0.2, gt=0.0)
    # Normalisation behind every hidden layer of the generator.
    generator_normalization: Literal["none", "batch", "layer"] = "none"
    # Normalisation behind every hidden layer of the discriminator; spectral is of the kernels of
    # all its layers (Miyato et al. 2018).
    discriminator_normalization: Literal["none", "batch", "layer", "spectral"] = "none"


class DCGAN(Comparing, TwoNormalizations):
    """Strided convolutions that size themselves from the data (Radford et al. 2016)."""

    target: ClassVar[str] = "trainer.networks.dcgan:DCGAN"
    builds: ClassVar[tuple[str, ...]] = ("generator", "encoder", "discriminator", "autoencoder")
    name: Literal["dcgan"] = "dcgan"
    # Filters at the highest resolution; they double with every halving.
    base_filters: int = Field(64, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(512, ge=1)
    # Side of the square kernels; even sizes meet stride 2 without a checkerboard.
    kernel_size: int = Field(4, ge=1)
    # Normalisation of the generator's hidden layers.
    generator_normalization: Literal["none", "batch", "layer"] = "batch"
    # Normalisation of the discriminator's hidden layers (never its first); spectral is of the
    # kernels of all its layers (Miyato et al. 2018).
    discriminator_normalization: Literal["none", "batch", "layer", "spectral"] = "batch"
    # How a condition's vectors reach the generator: beside the latent, or as scale and offset of
    # every normalisation (de Vries et al. 2017).
    generator_conditioning: Literal["concatenate", "normalization"] = "concatenate"
    # How they reach the discriminator: as constant channels, by projection on its last layer
    # (Miyato & Koyama 2018), or beside its features in a hidden layer more (Reed et al. 2016).
    discriminator_conditioning: Literal["concatenate", "projection", "hidden"] = "concatenate"
    # Units of a hidden layer between the discriminator's convolutions and its heads, as InfoGAN's;
    # 0 has none, but where something joins there it has as many as the last convolution filters.
    discriminator_units: int = Field(0, ge=0)

    @property
    def reads_alone(self) -> bool:
        """Unless the conditioning joins the channels."""
        return self.discriminator_conditioning != "concatenate"


class CoGAN(TwoNormalizations):
    """DCGAN's layers, shared by two domains but for those near the pixels (Liu & Tuzel 2016)."""

    target: ClassVar[str] = "trainer.networks.cogan:CoGAN"
    builds: ClassVar[tuple[str, ...]] = ("joint_generator", "joint_discriminator")
    name: Literal["cogan"] = "cogan"
    # Filters at the highest resolution; they double with every halving.
    base_filters: int = Field(64, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(512, ge=1)
    # Side of the square kernels; even sizes meet stride 2 without a checkerboard.
    kernel_size: int = Field(4, ge=1)
    # Normalisation of the generator's hidden layers.
    generator_normalization: Literal["none", "batch", "layer"] = "batch"
    # Normalisation of the discriminator's hidden layers (never its first); spectral is of the
    # kernels of all its layers (Miyato et al. 2018).
    discriminator_normalization: Literal["none", "batch", "layer", "spectral"] = "batch"


class SNGAN(TwoNormalizations):
    """Residual players, the discriminator of spectral norm one (Miyato et al. 2018)."""

    target: ClassVar[str] = "trainer.networks.sngan:SNGAN"
    builds: ClassVar[tuple[str, ...]] = ("generator", "discriminator")
    name: Literal["sngan"] = "sngan"
    # Filters at the highest resolution; they double with every halving.
    base_filters: int = Field(64, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(512, ge=1)
    # The discriminator's residual blocks at the lowest resolution, behind those that halve.
    blocks: int = Field(1, ge=0)
    # Side of the feature maps over all of whose places both players attend (Zhang et al. 2019);
    # null has none.
    attention: int | None = Field(None, ge=1)
    # Normalisation in the generator's residual blocks.
    generator_normalization: Literal["none", "batch", "layer"] = "batch"
    # Of the discriminator's kernels.
    discriminator_normalization: Literal["none", "spectral"] = "spectral"
    # How a condition's vectors reach the generator: as scale and offset of every normalisation (de
    # Vries et al. 2017), or beside the latent.
    generator_conditioning: Literal["concatenate", "normalization"] = "normalization"
    # How they reach the discriminator: by projection on its last layer (Miyato & Koyama 2018), or
    # as constant channels.
    discriminator_conditioning: Literal["concatenate", "projection"] = "projection"

    @property
    def reads_alone(self) -> bool:
        """Unless the conditioning joins the channels."""
        return self.discriminator_conditioning != "concatenate"


class R3GAN(AnyNetwork):
    """Plain residual players without normalisation: the modern baseline (Huang et al. 2024)."""

    target: ClassVar[str] = "trainer.networks.r3gan:R3GAN"
    builds: ClassVar[tuple[str, ...]] = ("generator", "discriminator")
    name: Literal["r3gan"] = "r3gan"
    # Filters at the highest resolution; they double with every halving.
    base_filters: int = Field(64, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(768, ge=1)
    # Residual blocks at each resolution.
    blocks: int = Field(2, ge=1)
    # How many times as wide the blocks are inside.
    expansion: int = Field(2, ge=1)
    # Filters that the grouped convolutions let see one another.
    group_filters: int = Field(16, ge=1)

    @property
    def reads_alone(self) -> bool:
        """It does: the conditioning is projected on the logit alone."""
        return True


class CodeTable(AnyNetwork):
    """A learned latent for every training example (GLO, Bojanowski et al. 2018)."""

    target: ClassVar[str] = "trainer.networks.code_table:CodeTable"
    builds: ClassVar[tuple[str, ...]] = ("codes",)
    name: Literal["code_table"] = "code_table"
    # How many times as fast as other weights codes move under Adam.
    rate: float = Field(10.0, gt=0.0)
