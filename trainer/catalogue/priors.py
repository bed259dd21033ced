"""Priors: where latents come from."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component


class GaussianPrior(Component):
    """Independent standard normal latents."""

    target: ClassVar[str] = "trainer.game.priors:gaussian"
    name: Literal["gaussian"] = "gaussian"
    # Numbers in a latent.
    size: int = Field(64, ge=1)


class UniformPrior(Component):
    """Independent latents, uniform on [-1, 1]."""

    target: ClassVar[str] = "trainer.game.priors:uniform"
    name: Literal["uniform"] = "uniform"
    # Numbers in a latent.
    size: int = Field(64, ge=1)


Prior = Annotated[GaussianPrior | UniformPrior, BY_NAME]
