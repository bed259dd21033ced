"""How alike the colours of samples are to those of real ones."""

from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values

_ABOUT = (
    "Intersection of the histograms of all pixels of samples and of what they should be, 1 where "
    "they are alike. It does not ask where colours are: read an error beside it."
)


class ColourHistograms(Metric):
    """How alike the colours of pictures are to those that they should have (Isola et al. 2017)."""

    target: ClassVar[str] = "trainer.evaluation.measures.colours:colour_histograms"
    kinds: ClassVar[Names] = ("image",)
    needs: ClassVar[Names] = ("pairs", "colours")
    values: ClassVar[Values] = {
        "histogram_l": MetricInfo("Histogram of L*, lightness", "higher", _ABOUT),
        "histogram_a": MetricInfo("Histogram of a*, green to red", "higher", _ABOUT),
        "histogram_b": MetricInfo("Histogram of b*, blue to yellow", "higher", _ABOUT),
    }
    name: Literal["colour_histograms"] = "colour_histograms"
    # Bins of each; numbers of different bins do not compare.
    bins: int = Field(50, ge=2)
