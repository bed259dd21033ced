"""Names of components: their options, and where their code lives, without importing TensorFlow.

A recipe chooses a component by name (`network: {name: dcgan, base_filters: 32}`). Each class below
is such a choice: its fields are the component's options with their defaults, `target` says where
the code is, and `resolve` fetches it. The code receives the options object itself, so an option
that exists here and nowhere else cannot go unnoticed: nothing repeats the list.
"""

import importlib
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from trainer.errors import ConfigError


class Section(BaseModel):
    """An immutable group of configuration fields that refuses unknown keys and wrong types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Component(Section):
    """A named choice; `target` is the `module:attribute` that implements it."""

    target: ClassVar[str]
    name: str


def resolve(component: Component) -> Any:
    """The attribute that implements a component, imported now."""
    return import_attribute(component.target, field=type(component).__name__)


def import_attribute(path: str, *, field: str) -> Any:
    """Imports `module:attribute`.

    Raises:
        ConfigError: when the module or the attribute does not exist.
    """
    module_name, _, attribute = path.partition(":")
    try:
        return getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{field}: received {path!r}, which cannot be imported ({error}); "
            "give module:Class with the module on PYTHONPATH."
        ) from error


# ---- Networks: what the players are made of ---------------------------------------------------


class MLP(Component):
    """Fully connected players, for points, tables and small images (Goodfellow et al. 2014)."""

    target: ClassVar[str] = "trainer.networks.mlp:MLP"
    name: Literal["mlp"] = "mlp"
    # Units of each hidden layer, in both players.
    units: Annotated[tuple[int, ...], Field(strict=False, min_length=1)] = (128, 128)
    # Units of the discriminator's hidden layers, where they differ.
    discriminator_units: Annotated[tuple[int, ...] | None, Field(strict=False)] = None
    # Normalisation behind every hidden layer of the generator.
    generator_normalization: Literal["none", "batch", "layer"] = "none"
    # Normalisation behind every hidden layer of the discriminator.
    discriminator_normalization: Literal["none", "batch", "layer"] = "none"


class DCGAN(Component):
    """Strided convolutions that size themselves from the data (Radford et al. 2016)."""

    target: ClassVar[str] = "trainer.networks.dcgan:DCGAN"
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


class CustomNetwork(Component):
    """A family of the user's own: `name` is `module:Class`, called with `options`.

    The class offers what `trainer.networks.family.NetworkFamily` describes: `generator(spec)` and
    `discriminator(spec)`, each returning a keras.Model.
    """

    target: ClassVar[str] = ""
    name: str = Field(pattern=r"^[\w.]+:\w+$")
    # Keyword arguments of the class.
    options: dict[str, Any] = Field(default_factory=dict)


# ---- Priors: where latents come from ----------------------------------------------------------


class GaussianPrior(Component):
    """Independent standard normal latents."""

    target: ClassVar[str] = "trainer.priors:gaussian"
    name: Literal["gaussian"] = "gaussian"
    # Numbers in a latent.
    size: int = Field(64, ge=1)


class UniformPrior(Component):
    """Independent latents, uniform on [-1, 1]."""

    target: ClassVar[str] = "trainer.priors:uniform"
    name: Literal["uniform"] = "uniform"
    # Numbers in a latent.
    size: int = Field(64, ge=1)


# ---- Conditions: what both players are told ----------------------------------------------------


class NoCondition(Component):
    """Neither player is told anything."""

    target: ClassVar[str] = "trainer.conditions:Unconditional"
    name: Literal["none"] = "none"


class LabelCondition(Component):
    """Both players see the class as the same one-hot vector (Mirza & Osindero 2014)."""

    target: ClassVar[str] = "trainer.conditions:Label"
    name: Literal["label"] = "label"


# ---- Objectives: what each player minimises ----------------------------------------------------


class Minimax(Component):
    """The zero-sum game of Goodfellow et al. 2014, equation 1."""

    target: ClassVar[str] = "trainer.objectives:minimax"
    name: Literal["minimax"] = "minimax"


class NonSaturating(Component):
    """The generator maximises log D(G(z)) (Goodfellow et al. 2014, section 3)."""

    target: ClassVar[str] = "trainer.objectives:non_saturating"
    name: Literal["non_saturating"] = "non_saturating"
    # Probability the discriminator is asked to give real examples; below 1 it is the one-sided
    # label smoothing of Salimans et al. 2016.
    real_label: float = Field(1.0, gt=0.5, le=1.0)


class LeastSquares(Component):
    """Squared distances to target scores (Mao et al. 2017, equation 9)."""

    target: ClassVar[str] = "trainer.objectives:least_squares"
    name: Literal["least_squares"] = "least_squares"


class Hinge(Component):
    """Margins for the discriminator, the raw score for the generator (Lim & Ye 2017)."""

    target: ClassVar[str] = "trainer.objectives:hinge"
    name: Literal["hinge"] = "hinge"


class Wasserstein(Component):
    """Difference of mean critic scores (Arjovsky et al. 2017); needs a penalty."""

    target: ClassVar[str] = "trainer.objectives:wasserstein"
    name: Literal["wasserstein"] = "wasserstein"


# ---- Penalties: what constrains a player --------------------------------------------------------


class GradientPenalty(Component):
    """Keeps the critic's gradient norm at one between real and fake (Gulrajani et al. 2017)."""

    target: ClassVar[str] = "trainer.penalties:gradient_penalty"
    name: Literal["gradient_penalty"] = "gradient_penalty"
    # Lambda of the paper.
    weight: float = Field(10.0, gt=0.0)


# ---- Rounds: the rules of play ------------------------------------------------------------------


class OrdinaryRound(Component):
    """k discriminator turns, then one generator turn (Goodfellow et al. 2014, algorithm 1)."""

    target: ClassVar[str] = "trainer.rounds:OrdinaryRound"
    name: Literal["ordinary"] = "ordinary"
    # k of the algorithm: discriminator turns in a step, each on a batch of its own.
    discriminator_turns: int = Field(1, ge=1)
    # Whether the generator's turn draws new latents. With false (k = 1 only) it plays the fakes
    # that the discriminator has just seen, which saves one pass through the generator.
    fresh_latents: bool = True


# ---- Optimizers and their schedules -------------------------------------------------------------


class Constant(Component):
    """The learning rate stays what it is."""

    target: ClassVar[str] = "trainer.optimizers:constant"
    name: Literal["constant"] = "constant"


class LinearDecay(Component):
    """Falls in a straight line to `final` times the initial rate over `steps`, then stays."""

    target: ClassVar[str] = "trainer.optimizers:linear"
    name: Literal["linear"] = "linear"
    # Length in updates of this player: the schedule's own, whatever train.steps is.
    steps: int = Field(ge=1)
    # Share of the initial rate that is left at the end.
    final: float = Field(0.0, ge=0.0, le=1.0)


class CosineDecay(Component):
    """Falls along half a cosine to `final` times the initial rate over `steps`, then stays."""

    target: ClassVar[str] = "trainer.optimizers:cosine"
    name: Literal["cosine"] = "cosine"
    # Length in updates of this player: the schedule's own, whatever train.steps is.
    steps: int = Field(ge=1)
    # Share of the initial rate that is left at the end.
    final: float = Field(0.0, ge=0.0, le=1.0)


class ExponentialDecay(Component):
    """Multiplied by `rate` every `steps` updates, continuously."""

    target: ClassVar[str] = "trainer.optimizers:exponential"
    name: Literal["exponential"] = "exponential"
    # Updates after which the rate has been multiplied once.
    steps: int = Field(ge=1)
    # The factor.
    rate: float = Field(0.5, gt=0.0, le=1.0)


Schedule = Annotated[
    Constant | LinearDecay | CosineDecay | ExponentialDecay, Field(discriminator="name")
]


class Optimizer(Component):
    """What every optimizer has."""

    # Step size at the start.
    learning_rate: float = Field(2e-4, gt=0.0)
    # How the step size changes with this player's updates.
    schedule: Schedule = Constant()
    # Largest norm of a player's whole (global) gradient; null does not clip.
    clip_norm: float | None = Field(None, gt=0.0)


class Adam(Optimizer):
    """Kingma & Ba 2015, with the first moment that Radford et al. 2016 use."""

    target: ClassVar[str] = "trainer.optimizers:adam"
    name: Literal["adam"] = "adam"
    # Decay of the first moment.
    beta_1: float = Field(0.5, ge=0.0, lt=1.0)
    # Decay of the second moment.
    beta_2: float = Field(0.999, ge=0.0, lt=1.0)
    # Added to the root of the second moment.
    epsilon: float = Field(1e-7, gt=0.0)
    # Decoupled weight decay (AdamW, Loshchilov & Hutter 2019); null has none.
    weight_decay: float | None = Field(None, gt=0.0)


class SGD(Optimizer):
    """Stochastic gradient descent with momentum."""

    target: ClassVar[str] = "trainer.optimizers:sgd"
    name: Literal["sgd"] = "sgd"
    # Share of the last update that is kept.
    momentum: float = Field(0.0, ge=0.0, lt=1.0)
    # Whether the gradient is taken where the momentum leads.
    nesterov: bool = False


class RMSprop(Optimizer):
    """Gradients divided by a running root mean square (the choice of Arjovsky et al. 2017)."""

    target: ClassVar[str] = "trainer.optimizers:rmsprop"
    name: Literal["rmsprop"] = "rmsprop"
    # Decay of the mean square.
    rho: float = Field(0.9, ge=0.0, lt=1.0)
    # Share of the last update that is kept.
    momentum: float = Field(0.0, ge=0.0, lt=1.0)
    # Added to the root of the mean square.
    epsilon: float = Field(1e-7, gt=0.0)


# ---- The closed lists that a recipe chooses from -------------------------------------------------


def _network_tag(value: Any) -> str:
    name = value.get("name", "") if isinstance(value, dict) else getattr(value, "name", "")
    return "module:Class" if ":" in str(name) else str(name)


Network = Annotated[
    Annotated[MLP, Tag("mlp")]
    | Annotated[DCGAN, Tag("dcgan")]
    | Annotated[CustomNetwork, Tag("module:Class")],
    Discriminator(_network_tag),
]
Prior = Annotated[GaussianPrior | UniformPrior, Field(discriminator="name")]
Condition = Annotated[NoCondition | LabelCondition, Field(discriminator="name")]
Objective = Annotated[
    Minimax | NonSaturating | LeastSquares | Hinge | Wasserstein, Field(discriminator="name")
]
# A single member needs no discriminator; a second one makes this a union like its neighbours.
Penalty = GradientPenalty
Round = OrdinaryRound
PlayerOptimizer = Annotated[Adam | SGD | RMSprop, Field(discriminator="name")]

COMPONENTS: tuple[type[Component], ...] = (
    *(MLP, DCGAN, GaussianPrior, UniformPrior, NoCondition, LabelCondition),
    *(Minimax, NonSaturating, LeastSquares, Hinge, Wasserstein),
    *(GradientPenalty, OrdinaryRound, Constant, LinearDecay, CosineDecay, ExponentialDecay),
    *(Adam, SGD, RMSprop),
)
