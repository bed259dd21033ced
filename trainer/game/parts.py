"""What the parts of a game are made from: everything that a round or a term may build upon."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.config.experiment import Experiment
from trainer.data.examples import DataSpec
from trainer.game.conditions.condition import Condition
from trainer.game.priors import Prior

if TYPE_CHECKING:
    from trainer.game.adversarial_loss import AdversarialLoss


@dataclass(frozen=True)
class Parts:
    """The choices of a recipe that are made already.

    Attributes:
        experiment: the whole recipe.
        spec: what is known of the data.
        prior: where latents come from.
        condition: what both sides are conditioned on.
        loss: makes the objective with its terms against the judge of a name.
    """

    experiment: Experiment
    spec: DataSpec
    prior: Prior
    condition: Condition
    loss: Callable[[str], "AdversarialLoss"]
