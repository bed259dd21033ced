"""No condition: neither side is conditioned."""

from trainer import catalogue
from trainer.data.examples import DataSpec
from trainer.game.conditions.condition import Condition


class Unconditional(Condition):
    """Neither side is conditioned."""

    def __init__(self, options: catalogue.NoCondition, spec: DataSpec) -> None:
        pass
