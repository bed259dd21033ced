"""How surfaces that are made work with the ones above them."""

from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class Contacts(Metric):
    """What passes through the opposing surface, and which contacts are kept (Hwang et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.gaps:contacts"
    kinds: ClassVar[Names] = ("image",)
    needs: ClassVar[Names] = ("pairs", "opposing")
    values: ClassVar[Values] = {
        "penetrating": MetricInfo(
            "Penetrating pixels",
            "lower",
            "Share of the pixels to be made at which the surface passes through the one above. A "
            "surface that stays far below is best at it: read kept contacts beside it.",
        ),
        "kept_contacts": MetricInfo(
            "Kept contacts",
            "higher",
            "Share of the pixels at which surfaces should touch that do. A surface that touches "
            "everywhere is best at it: read the number of contacts beside it.",
        ),
        "contacts": MetricInfo(
            "Contacts",
            "nearest",
            "Pixels at which surfaces touch, over those at which they should.",
            target=1.0,
        ),
    }
    name: Literal["contacts"] = "contacts"
    # The widest gap of a contact, as a share of the range of heights.
    within: float = Field(0.02, ge=0.0, lt=1.0)
