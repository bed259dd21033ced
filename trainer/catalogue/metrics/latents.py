"""What latents have to do with the samples that are made of them."""

from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class PathLength(Metric):
    """How evenly samples change with their latents (Karras et al. 2019)."""

    target: ClassVar[str] = "trainer.evaluation.measures.latents:path_length"
    uses_features: ClassVar[bool] = True
    expensive: ClassVar[bool] = True
    needs: ClassVar[Names] = ("latents", "decode")
    values: ClassVar[Values] = {
        "ppl": MetricInfo(
            "Perceptual path length",
            "lower",
            "How far features move per small step in the latent space. Small means even change; a "
            "generator that ignores its latent has zero.",
        ),
    }
    name: Literal["path_length"] = "path_length"
    # Latents visited.
    paths: int = Field(5000, ge=100)
    # Length of a step along a path of length one.
    epsilon: float = Field(1e-3, gt=0.0, lt=0.1)


class Disentanglement(Metric):
    """Mutual information gap between the codes of a latent and the classes (Chen et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.latents:disentanglement"
    uses_features: ClassVar[bool] = True
    expensive: ClassVar[bool] = True
    needs: ClassVar[Names] = ("latents", "codes", "classes")
    values: ClassVar[Values] = {
        "mig": MetricInfo(
            "Mutual information gap",
            "higher",
            "How much more the best latent code tells of the class than the second best: 1 when "
            "one code carries it alone.",
        ),
    }
    name: Literal["disentanglement"] = "disentanglement"
