"""How much of a model's plans can be carried out."""

from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class Feasibility(Metric):
    """Steps of plans that exist in the grid world whose map the data has (Kurutach et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.plans:feasibility"
    kinds: ClassVar[Names] = ("image",)
    needs: ClassVar[Names] = ("plan",)
    values: ClassVar[Values] = {
        "feasible_transitions": MetricInfo(
            "Feasible transitions",
            "higher",
            "Of the transitions of plans that go from cell to cell, the share that one step makes. "
            "A wall that is jumped is one of many, so read whole plans beside it.",
        ),
        "feasible_plans": MetricInfo(
            "Feasible plans",
            "higher",
            "Plans all of whose transitions are a step or a rest, from the picture that was given "
            "as the start to the one that was given as the goal.",
        ),
        "feasible_detours": MetricInfo(
            "Feasible detours",
            "higher",
            "The same of plans that must go round a wall: no path is as short as without walls.",
        ),
    }
    name: Literal["feasibility"] = "feasibility"
    # Plans that are made, between held-out observations.
    plans: int = Field(200, ge=2, le=100_000)
