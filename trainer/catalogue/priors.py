"""Priors: where latents come from."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component, Custom

_Size = Annotated[int, Field(ge=2)]


class GaussianPrior(Component):
    """Independent standard normal latents."""

    target: ClassVar[str] = "trainer.game.priors:gaussian"
    name: Literal["gaussian"] = "gaussian"
    # Numbers of noise in a latent.
    size: int = Field(64, ge=1)
    # Sizes of one-hot codes behind the noise, each category equally likely (InfoGAN).
    categorical: Annotated[tuple[_Size, ...], Field(strict=False)] = ()
    # Continuous codes behind those, uniform on [-1, 1].
    continuous: int = Field(0, ge=0)


class UniformPrior(Component):
    """Independent latents, uniform on [-1, 1]."""

    target: ClassVar[str] = "trainer.game.priors:uniform"
    name: Literal["uniform"] = "uniform"
    # Numbers of noise in a latent.
    size: int = Field(64, ge=1)
    # Sizes of one-hot codes behind the noise, each category equally likely (InfoGAN).
    categorical: Annotated[tuple[_Size, ...], Field(strict=False)] = ()
    # Continuous codes behind those, uniform on [-1, 1].
    continuous: int = Field(0, ge=0)


class NoPrior(Component):
    """No latent: what is generated follows from the condition (and the noise inside a network)."""

    target: ClassVar[str] = "trainer.game.priors:nothing"
    name: Literal["none"] = "none"


Prior = Annotated[GaussianPrior | UniformPrior | NoPrior | Custom, BY_NAME]
