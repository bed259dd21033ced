"""The two sides of a game, and the parts that networks play in it.

A game is a min and a max: it has two sides, each with an optimizer of its own, and a side has any
number of named networks.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from trainer.fields import Field

GENERATOR, DISCRIMINATOR = "generator", "discriminator"
SIDES = (GENERATOR, DISCRIMINATOR)


@dataclass(frozen=True)
class Role:
    """A part that a network plays.

    Attributes:
        kind: the method of a network family that builds it: "generator", "discriminator",
            "encoder", …
        side: `GENERATOR` or `DISCRIMINATOR`: whose optimizer moves it.
        inputs: what the network may be given, by name, as the players see it.
        outputs: what it must answer, by name.
        averaged: whether an exponential moving average of its weights is what samples, pictures
            and exports use.
    """

    kind: str
    side: str
    inputs: Mapping[str, Field]
    outputs: Mapping[str, Field]
    averaged: bool = False
