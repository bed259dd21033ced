"""Penalties: terms that constrain the discriminator."""

from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import Component

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


def mixing_options(experiment: "Experiment") -> Iterator[tuple[str, Any]]:
    """Options by which a discriminator's answer on an example depends on its batch, and values.

    The deviation of a group is left out: its authors play gradient penalties with it.
    """
    roles = experiment.round.roles or {"discriminator": "discriminator"}
    for role in (name for name, kind in roles.items() if kind in ("discriminator", "autoencoder")):
        network = experiment.network_of(role)
        option = network.mixing("discriminator")
        if option is not None and (value := attrgetter(option)(network)) != "deviation":
            where = f"networks.{role}" if role in experiment.networks else "network"
            yield f"{where}.{option}", value


class GradientBased(Component):
    """A penalty on the gradient of one example, which must not depend on its batch.

    The deviation of a group is the exception: its authors play it with gradients of the group's
    sum (Karras et al. 2018 and 2020).
    """

    # Played every so many steps, with as many times the weight (Karras et al. 2020).
    every: int = Field(1, ge=1)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Discriminators that normalise by the batch, or look at it."""
        for option, value in mixing_options(experiment):
            yield (
                f"{option}: received {value!r} with a gradient penalty, whose gradient of one "
                "example must not depend on its batch; set it to "
                f"{'layer or none' if option.endswith('normalization') else 'none'}"
            )


class GradientPenalty(GradientBased):
    """Keeps the critic's gradient norm at one between real and fake (Gulrajani et al. 2017)."""

    target: ClassVar[str] = "trainer.game.terms.gradients:GradientPenalty"
    name: Literal["gradient_penalty"] = "gradient_penalty"
    # Lambda of the paper.
    weight: float = Field(10.0, gt=0.0)
    # Whether norms below one are free (Petzka et al. 2018).
    one_sided: bool = False


class R1(GradientBased):
    """Keeps the discriminator's gradient small on real examples (Mescheder et al. 2018)."""

    target: ClassVar[str] = "trainer.game.terms.gradients:R1"
    name: Literal["r1"] = "r1"
    # Gamma of the paper; the penalty is half of it times the squared norm.
    gamma: float = Field(10.0, gt=0.0)


class R2(GradientBased):
    """Keeps the discriminator's gradient small on fakes (Mescheder et al. 2018)."""

    target: ClassVar[str] = "trainer.game.terms.gradients:R2"
    name: Literal["r2"] = "r2"
    # Gamma of the paper; the penalty is half of it times the squared norm.
    gamma: float = Field(10.0, gt=0.0)


class Dragan(GradientBased):
    """Keeps the gradient norm at one around real examples (DRAGAN, Kodali et al. 2017)."""

    target: ClassVar[str] = "trainer.game.terms.gradients:Dragan"
    name: Literal["dragan"] = "dragan"
    # Lambda of the paper.
    weight: float = Field(10.0, gt=0.0)
    # How far around, in standard deviations of the batch.
    spread: float = Field(0.5, gt=0.0)


class Drift(Component):
    """Keeps the critic's answers about real examples near zero (Karras et al. 2018)."""

    target: ClassVar[str] = "trainer.game.terms.drift:Drift"
    name: Literal["drift"] = "drift"
    # Of the squared logit.
    weight: float = Field(1e-3, gt=0.0)
