"""Conditions: what both players are told."""

from typing import Annotated, ClassVar, Literal

from trainer.catalogue.choice import BY_NAME, Component


class NoCondition(Component):
    """Neither player is told anything."""

    target: ClassVar[str] = "trainer.game.conditions.label:Unconditional"
    name: Literal["none"] = "none"


class LabelCondition(Component):
    """Both players see the class as the same one-hot vector (Mirza & Osindero 2014)."""

    target: ClassVar[str] = "trainer.game.conditions.label:Label"
    name: Literal["label"] = "label"


Condition = Annotated[NoCondition | LabelCondition, BY_NAME]
