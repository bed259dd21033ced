"""Metrics of vectors: points of few numbers, and rows of tables."""

from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class WassersteinDistance(Metric):
    """Exact Wasserstein-1 distance between subsets of points."""

    target: ClassVar[str] = "trainer.evaluation.measures.vectors:wasserstein"
    kinds: ClassVar[Names] = ("vector",)
    values: ClassVar[Values] = {
        "w1": MetricInfo(
            "Wasserstein-1 distance",
            "lower",
            "Least mean distance over which generated points must be moved to become real ones. "
            "Finite samples of the data itself do not reach zero.",
        ),
    }
    name: Literal["wasserstein"] = "wasserstein"
    # Points of each side; the cost grows with the third power.
    points: int = Field(2000, ge=2)


class MaximumMeanDiscrepancy(Metric):
    """Squared maximum mean discrepancy under a Gaussian kernel (Gretton et al. 2012)."""

    target: ClassVar[str] = "trainer.evaluation.measures.vectors:mmd"
    kinds: ClassVar[Names] = ("vector",)
    values: ClassVar[Values] = {
        "mmd": MetricInfo(
            "Squared MMD",
            "lower",
            "Squared distance of mean embeddings under a Gaussian kernel as wide as the median "
            "distance of real points; unbiased, so it may fall below zero.",
        ),
    }
    name: Literal["mmd"] = "mmd"


class Columns(Metric):
    """Means, deviations, distributions and correlations of columns, fake against real."""

    target: ClassVar[str] = "trainer.evaluation.measures.vectors:columns"
    kinds: ClassVar[Names] = ("vector",)
    values: ClassVar[Values] = {
        "ks": MetricInfo(
            "Kolmogorov–Smirnov, mean of columns",
            "lower",
            "Largest difference of the two cumulative distributions, averaged over columns. It "
            "sees each column by itself.",
        ),
        "correlations": MetricInfo(
            "Largest difference of correlations",
            "lower",
            "Largest absolute difference between a correlation of two columns among real and "
            "among generated rows.",
        ),
    }
    name: Literal["columns"] = "columns"


class Autocorrelation(Metric):
    """Whether a time series tells of its later steps what real ones do."""

    target: ClassVar[str] = "trainer.evaluation.measures.vectors:autocorrelation"
    kinds: ClassVar[Names] = ("vector",)
    needs: ClassVar[Names] = ("series",)
    values: ClassVar[Values] = {
        "autocorrelation": MetricInfo(
            "Difference of autocorrelations",
            "lower",
            "How far correlations of a series with itself some steps later are those of real "
            "series, as the mean over lags: 0 to 2. It sees no amplitudes.",
        ),
        "autocorrelation_real": MetricInfo(
            "Difference of autocorrelations of training series",
            None,
            "The same of as many training series: what the best generator can hope for.",
        ),
    }
    name: Literal["autocorrelation"] = "autocorrelation"
