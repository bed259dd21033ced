"""Terms: further losses of either side; penalties are terms that constrain."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component


class GradientPenalty(Component):
    """Keeps the critic's gradient norm at one between real and fake (Gulrajani et al. 2017)."""

    target: ClassVar[str] = "trainer.game.terms.gradients:gradient_penalty"
    name: Literal["gradient_penalty"] = "gradient_penalty"
    # Lambda of the paper.
    weight: float = Field(10.0, gt=0.0)


Penalty = Annotated[GradientPenalty, BY_NAME]
