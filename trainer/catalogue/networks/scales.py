"""Networks that work at several resolutions."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.networks.network import AnyNetwork, Comparing


class Laplacian(AnyNetwork):
    """What a coarse picture lacks: convolutions at one resolution (LAPGAN, Denton et al. 2015)."""

    target: ClassVar[str] = "trainer.networks.laplacian:Laplacian"
    builds: ClassVar[tuple[str, ...]] = ("generator",)
    name: Literal["laplacian"] = "laplacian"
    # Of both hidden layers.
    filters: int = Field(64, ge=1)
    # Sides of the kernels of the hidden layers and of the last one.
    kernels: Annotated[tuple[int, ...], Field(strict=False, min_length=2)] = (7, 7, 5)


class Doubling(AnyNetwork):
    """A family whose players work at every resolution from the lowest up."""

    # Filters at the highest resolution; they double with every halving.
    base_filters: int = Field(32, ge=1)
    # Filters never exceed this.
    max_filters: int = Field(512, ge=1)
    # The data's height and width are halved while both are even and stay at or above this.
    smallest: int = Field(4, ge=1)

    def resolutions(self, height: int, width: int) -> list[tuple[int, int]]:
        """Heights and widths from the lowest up to the data's own."""
        sizes = [(height, width)]
        while all(side % 2 == 0 and side // 2 >= self.smallest for side in sizes[0]):
            sizes.insert(0, (sizes[0][0] // 2, sizes[0][1] // 2))
        return sizes


class Progressive(Comparing, Doubling):
    """Convolutions at every resolution, which can grow from the lowest up (Karras et al. 2018)."""

    target: ClassVar[str] = "trainer.networks.progressive:Progressive"
    builds: ClassVar[tuple[str, ...]] = ("generator", "discriminator")
    name: Literal["progressive"] = "progressive"


class StyleGAN2(Comparing, Doubling):
    """Styles that modulate every convolution, and a residual discriminator (Karras et al. 2020)."""

    target: ClassVar[str] = "trainer.networks.stylegan2:StyleGAN2"
    builds: ClassVar[tuple[str, ...]] = ("mapping", "generator", "discriminator")
    name: Literal["stylegan2"] = "stylegan2"
    # Numbers of a style.
    style: int = Field(512, ge=1)
    # Dense layers from latent to style; the authors take 2 of small pictures.
    mapping_layers: int = Field(8, ge=1)
    # Whether every layer adds noise of the row's key.
    noise: bool = True

    @property
    def reads_alone(self) -> bool:
        """It does: the conditioning is projected on the logit alone."""
        return True
