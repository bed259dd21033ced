"""Networks of graphs."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.networks.network import AnyNetwork


class MolGAN(AnyNetwork):
    """Molecules made at once, judged by relational graph convolutions (De Cao & Kipf 2018)."""

    target: ClassVar[str] = "trainer.networks.molgan:MolGAN"
    builds: ClassVar[tuple[str, ...]] = ("generator", "discriminator")
    name: Literal["molgan"] = "molgan"
    # Units of the generator's hidden layers.
    units: Annotated[tuple[int, ...], Field(strict=False)] = (128, 256, 512)
    # How types and bonds leave the generator: as probabilities; as probabilities with Gumbel noise,
    # of which the largest is a draw; or as that draw itself, with the gradient of the former.
    making: Literal["softmax", "gumbel", "straight_through"] = "softmax"
    # Of the softmax.
    temperature: float = Field(1.0, gt=0.0)
    # Units of the discriminator's graph convolutions.
    convolutions: Annotated[tuple[int, ...], Field(strict=False, min_length=1)] = (64, 32)
    # Numbers that stand for a whole graph.
    aggregation: int = Field(128, ge=1)
    # Units of the layers behind them.
    discriminator_units: Annotated[tuple[int, ...], Field(strict=False)] = (128,)
