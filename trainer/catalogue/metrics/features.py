"""Distances between the features of real and of generated samples."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values

_FRECHET_DISTANCE = (
    "Distance between Gaussians fitted to the features of real and of generated samples. It sees "
    "quality and variety at once, and grows as fewer samples are drawn."
)

_KERNEL_DISTANCE = (
    "Squared distance of the mean features under a cubic kernel, without bias in the number of "
    "samples: it may fall below zero. Near zero the two sets cannot be told apart."
)

_SCORE = (
    "How surely a classifier names each sample, and how many classes it names in all. It never "
    "looks at real samples, so neither realism nor variety within a class counts."
)


class FrechetDistance(Metric):
    """Fréchet distance of Gaussians fitted to the features (Heusel et al. 2017)."""

    target: ClassVar[str] = "trainer.evaluation.measures.features:frechet"
    uses_features: ClassVar[bool] = True
    values: ClassVar[Values] = {
        "fid": MetricInfo("Fréchet Inception distance", "lower", _FRECHET_DISTANCE),
        "fcd": MetricInfo("Fréchet classifier distance", "lower", _FRECHET_DISTANCE),
        "fd": MetricInfo("Fréchet distance", "lower", _FRECHET_DISTANCE),
    }
    key_of_kind: ClassVar[Mapping[str, str]] = {
        "inception": "fid",
        "classifier": "fcd",
        "other": "fd",
    }
    name: Literal["frechet"] = "frechet"


class KernelDistance(Metric):
    """Squared maximum mean discrepancy under a cubic kernel (Bińkowski et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.features:kernel_distance"
    uses_features: ClassVar[bool] = True
    values: ClassVar[Values] = {
        "kid": MetricInfo("Kernel Inception distance", "lower", _KERNEL_DISTANCE),
        "kcd": MetricInfo("Kernel classifier distance", "lower", _KERNEL_DISTANCE),
        "kd": MetricInfo("Kernel distance", "lower", _KERNEL_DISTANCE),
    }
    key_of_kind: ClassVar[Mapping[str, str]] = {
        "inception": "kid",
        "classifier": "kcd",
        "other": "kd",
    }
    name: Literal["kernel_distance"] = "kernel_distance"


class InceptionScore(Metric):
    """Confident and varied class predictions (Salimans et al. 2016)."""

    target: ClassVar[str] = "trainer.evaluation.measures.features:inception_score"
    uses_features: ClassVar[bool] = True
    needs: ClassVar[Names] = ("logits",)
    values: ClassVar[Values] = {
        "is": MetricInfo("Inception score", "higher", _SCORE),
        "cs": MetricInfo("Classifier score", "higher", _SCORE),
    }
    key_of_kind: ClassVar[Mapping[str, str]] = {"inception": "is", "classifier": "cs"}
    name: Literal["inception_score"] = "inception_score"
    # Parts over which the score is averaged; one, as in TF-GAN, is unbiased by their size.
    splits: int = Field(1, ge=1)


class Prdc(Metric):
    """Precision, recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020)."""

    target: ClassVar[str] = "trainer.evaluation.measures.features:prdc"
    uses_features: ClassVar[bool] = True
    values: ClassVar[Values] = {
        "precision": MetricInfo(
            "Improved precision",
            "higher",
            "Share of generated samples that lie among real ones. A generator that repeats a few "
            "good samples scores high: read it together with recall.",
        ),
        "recall": MetricInfo(
            "Improved recall",
            "higher",
            "Share of real samples that lie among generated ones: how much of the data is "
            "reached. Outliers among the generated samples can raise it.",
        ),
        "density": MetricInfo(
            "Density",
            "higher",
            "How many real neighbourhoods contain a generated sample, on average; about 1 for the "
            "data itself, and above 1 where samples crowd. Less moved by outliers than precision.",
        ),
        "coverage": MetricInfo(
            "Coverage",
            "higher",
            "Share of real samples with a generated one in their neighbourhood. Less moved by "
            "outliers than recall; about .97 for the data itself with k = 5.",
        ),
    }
    name: Literal["prdc"] = "prdc"
    # The neighbour that a ball around a sample reaches, the sample itself not counted.
    k: int = Field(5, ge=1)
