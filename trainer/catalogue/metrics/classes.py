"""How close and how varied samples are within each class."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values

_INTRA_FRECHET = (
    "Mean over classes of the Fréchet distance of samples asked to be of a class to real ones of "
    "it. It sees what a class lacks, and a sample of the wrong class counts as what it is."
)


class IntraFrechet(Metric):
    """Fréchet distance within each class, averaged (Miyato & Koyama 2018, "intra FID")."""

    target: ClassVar[str] = "trainer.evaluation.measures.classes:intra_frechet"
    uses_features: ClassVar[bool] = True
    # Few data have more examples of a class than there are features.
    expensive: ClassVar[bool] = True
    needs: ClassVar[Names] = ("labels",)
    values: ClassVar[Values] = {
        "intra_fid": MetricInfo("Intra-class Fréchet Inception distance", "lower", _INTRA_FRECHET),
        "intra_fcd": MetricInfo("Intra-class Fréchet classifier distance", "lower", _INTRA_FRECHET),
        "intra_fd": MetricInfo("Intra-class Fréchet distance", "lower", _INTRA_FRECHET),
    }
    key_of_kind: ClassVar[Mapping[str, str]] = {
        "inception": "intra_fid",
        "classifier": "intra_fcd",
        "other": "intra_fd",
    }
    name: Literal["intra_frechet"] = "intra_frechet"


class IntraPrdc(Metric):
    """Precision and recall within each class, averaged (Kynkäänniemi et al. 2019)."""

    target: ClassVar[str] = "trainer.evaluation.measures.classes:intra_prdc"
    uses_features: ClassVar[bool] = True
    expensive: ClassVar[bool] = True
    needs: ClassVar[Names] = ("labels",)
    values: ClassVar[Values] = {
        "intra_precision": MetricInfo(
            "Precision within classes",
            "higher",
            "Share of samples asked to be of a class that lie among real ones of it.",
        ),
        "intra_recall": MetricInfo(
            "Recall within classes",
            "higher",
            "Share of the real samples of a class that lie among those asked to be of it. Compare "
            "it with that of training examples.",
        ),
        "intra_recall_real": MetricInfo(
            "Recall within classes by training examples",
            None,
            "The same with as many training examples of the class in place of generated samples: "
            "what a generator as varied as the data would reach.",
        ),
    }
    name: Literal["intra_prdc"] = "intra_prdc"
    # The neighbour that a ball around a sample reaches, the sample itself not counted.
    k: int = Field(5, ge=1)
