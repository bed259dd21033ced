"""Whether a generator heeds its condition, and its latent beside it."""

from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class ConditionalDiversity(Metric):
    """What the latent changes under one condition, and the condition under one latent."""

    target: ClassVar[str] = "trainer.evaluation.measures.conditions:conditional_diversity"
    needs: ClassVar[Names] = ("generate", "generate_conditional")
    values: ClassVar[Values] = {
        "conditional_diversity": MetricInfo(
            "Diversity under one condition",
            None,
            "Mean distance of two samples of one condition, in units of that of any two real "
            "samples: 0 for a generator that ignores its latent. Compare it with real ones.",
        ),
        "conditional_diversity_real": MetricInfo(
            "Diversity of real samples of one label",
            None,
            "The same distance between real samples of one label: what a generator as varied as "
            "the data would have.",
        ),
        "condition_effect": MetricInfo(
            "Effect of the condition",
            None,
            "Mean distance of two samples of one seed under two conditions, in the same units: 0 "
            "for a generator that ignores its condition. It does not say that it obeys.",
        ),
    }
    name: Literal["conditional_diversity"] = "conditional_diversity"
    # Pairs compared.
    pairs: int = Field(500, ge=2)
