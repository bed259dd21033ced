"""Whether generated samples are copies of training examples."""

from typing import ClassVar, Literal

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class Memorisation(Metric):
    """Whether fakes lie nearer to training examples than held-out ones do (Alaa et al. 2022)."""

    target: ClassVar[str] = "trainer.evaluation.measures.copying:memorisation"
    uses_features: ClassVar[bool] = True
    needs: ClassVar[Names] = ("held_out",)
    values: ClassVar[Values] = {
        "memorisation": MetricInfo(
            "Memorisation",
            "nearest",
            "Share of samples nearer to so many training examples than to as many held-out ones: "
            "one half is ideal. The fewer are held out, the less a copying generator rises above "
            "it.",
            target=0.5,
        ),
        "authenticity": MetricInfo(
            "Authenticity",
            "higher",
            "Share of samples that are not closer to a training example than that one's own "
            "nearest neighbour. Low values say that the generator copies; noise raises it.",
        ),
    }
    name: Literal["memorisation"] = "memorisation"
