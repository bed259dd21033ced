"""Distances between real and generated samples as they are stored."""

from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class SlicedWasserstein(Metric):
    """Mean Wasserstein-1 distance along random directions of the samples (Rabin et al. 2011)."""

    target: ClassVar[str] = "trainer.evaluation.measures.samples:sliced_wasserstein"
    values: ClassVar[Values] = {
        "swd": MetricInfo(
            "Sliced Wasserstein distance",
            "lower",
            "Mean distance of the two distributions along random directions of the raw samples. "
            "It sees shifts of the whole more than details.",
        ),
    }
    name: Literal["sliced_wasserstein"] = "sliced_wasserstein"
    # Random directions.
    directions: int = Field(512, ge=1)


class LaplacianSwd(Metric):
    """Sliced Wasserstein distance of patches, a scale at a time (Karras et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.samples:laplacian_swd"
    expensive: ClassVar[bool] = True
    kinds: ClassVar[Names] = ("image",)
    values: ClassVar[Values] = {
        "lap_swd": MetricInfo(
            "Laplacian sliced Wasserstein distance",
            "lower",
            "Distance between small patches of real and generated images, averaged over scales "
            "(times 1000). It sees texture and structure, not whether a whole image makes sense.",
        ),
    }
    name: Literal["laplacian_swd"] = "laplacian_swd"


class Parzen(Metric):
    """Log-likelihood of held-out examples under a Parzen window on fakes, as in the 2014 papers."""

    target: ClassVar[str] = "trainer.evaluation.measures.samples:parzen"
    expensive: ClassVar[bool] = True
    values: ClassVar[Values] = {
        "parzen": MetricInfo(
            "Parzen log-likelihood",
            "higher",
            "Log-likelihood in nats of held-out examples under Gaussians around samples. Kept for "
            "comparison with the papers of 2014: in many dimensions it says little of either.",
        ),
    }
    name: Literal["parzen"] = "parzen"
