"""How far a game is from its equilibrium."""

from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class DualityGap(Metric):
    """How much each player would gain by playing on against a frozen other (Grnarova et al.)."""

    target: ClassVar[str] = "trainer.evaluation.measures.equilibrium:duality_gap"
    expensive: ClassVar[bool] = True
    needs: ClassVar[Names] = ("game",)
    values: ClassVar[Values] = {
        "duality_gap": MetricInfo(
            "Duality gap",
            "lower",
            "What the discriminator and the generator could each still gain against the frozen "
            "other on held-out data: zero at an equilibrium. It depends on how long each may try.",
        ),
    }
    name: Literal["duality_gap"] = "duality_gap"
    # Steps that each player is trained against the frozen other.
    steps: int = Field(200, ge=1)
