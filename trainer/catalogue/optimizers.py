"""Optimizers and their schedules: a closed list."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class Constant(Component):
    """The learning rate stays what it is."""

    target: ClassVar[str] = "trainer.game.optimizers:constant"
    name: Literal["constant"] = "constant"


class LinearDecay(Component):
    """Falls in a straight line to `final` times the initial rate over `steps`, then stays.

    Zhu et al. 2017 keep the rate constant for half of the training, and let it fall in the other.
    """

    target: ClassVar[str] = "trainer.game.optimizers:linear"
    name: Literal["linear"] = "linear"
    # Updates of this player before the fall begins, in which the rate stays constant.
    constant: int = Field(0, ge=0)
    # Length of the fall in updates of this player: the schedule's own, whatever train.steps is.
    steps: int = Field(ge=1)
    # Share of the initial rate that is left at the end.
    final: float = Field(0.0, ge=0.0, le=1.0)


class CosineDecay(Component):
    """Falls along half a cosine to `final` times the initial rate over `steps`, then stays."""

    target: ClassVar[str] = "trainer.game.optimizers:cosine"
    name: Literal["cosine"] = "cosine"
    # Length in updates of this player: the schedule's own, whatever train.steps is.
    steps: int = Field(ge=1)
    # Share of the initial rate that is left at the end.
    final: float = Field(0.0, ge=0.0, le=1.0)


class ExponentialDecay(Component):
    """Multiplied by `rate` every `steps` updates, continuously."""

    target: ClassVar[str] = "trainer.game.optimizers:exponential"
    name: Literal["exponential"] = "exponential"
    # Updates after which the rate has been multiplied once.
    steps: int = Field(ge=1)
    # The factor.
    rate: float = Field(0.5, gt=0.0, le=1.0)


Schedule = Annotated[Constant | LinearDecay | CosineDecay | ExponentialDecay, BY_NAME]


class Optimizer(Component):
    """What every optimizer has."""

    # Step size at the start.
    learning_rate: float = Field(2e-4, gt=0.0)
    # How the step size changes with this player's updates.
    schedule: Schedule = Constant()
    # Largest norm of a side's whole (global) gradient; null does not clip.
    clip_norm: float | None = Field(None, gt=0.0)
    # Every weight of the side stays in [-clip_weights, clip_weights] (Arjovsky et al. 2017); null
    # does not clip.
    clip_weights: float | None = Field(None, gt=0.0)
    # Whether the last step is taken back and this one taken twice (Daskalakis et al. 2018).
    optimistic: bool = False


class Adam(Optimizer):
    """Kingma & Ba 2015, with the first moment that Radford et al. 2016 use."""

    target: ClassVar[str] = "trainer.game.optimizers:adam"
    name: Literal["adam"] = "adam"
    # Decay of the first moment.
    beta_1: float = Field(0.5, ge=0.0, lt=1.0)
    # Decay of the second moment.
    beta_2: float = Field(0.999, ge=0.0, lt=1.0)
    # Added to the root of the second moment.
    epsilon: float = Field(1e-7, gt=0.0)
    # Decoupled weight decay (AdamW, Loshchilov & Hutter 2019); null has none.
    weight_decay: float | None = Field(None, gt=0.0)

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """A decay that would be taken back, too."""
        if self.optimistic and self.weight_decay is not None:
            yield (
                f"optimizers.optimistic: received true with weight_decay={self.weight_decay}, "
                "which is no part of the step that is taken twice; leave one of them out"
            )


class SGD(Optimizer):
    """Stochastic gradient descent with momentum."""

    target: ClassVar[str] = "trainer.game.optimizers:sgd"
    name: Literal["sgd"] = "sgd"
    # Share of the last update that is kept.
    momentum: float = Field(0.0, ge=0.0, lt=1.0)
    # Whether the gradient is taken where the momentum leads.
    nesterov: bool = False


class RMSprop(Optimizer):
    """Gradients divided by a running root mean square (the choice of Arjovsky et al. 2017)."""

    target: ClassVar[str] = "trainer.game.optimizers:rmsprop"
    name: Literal["rmsprop"] = "rmsprop"
    # Decay of the mean square.
    rho: float = Field(0.9, ge=0.0, lt=1.0)
    # Share of the last update that is kept.
    momentum: float = Field(0.0, ge=0.0, lt=1.0)
    # Added to the root of the mean square.
    epsilon: float = Field(1e-7, gt=0.0)


PlayerOptimizer = Annotated[Adam | SGD | RMSprop, BY_NAME]
