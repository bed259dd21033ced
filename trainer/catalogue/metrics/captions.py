"""Metrics of captions, each of a picture with a true one."""

from typing import ClassVar, Literal

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class Captioned(Metric):
    """Whether captions are those of their own pictures (self-retrieval: Dai et al. 2017)."""

    target: ClassVar[str] = "trainer.evaluation.measures.captions:captioned"
    kinds: ClassVar[Names] = ("tokens",)
    needs: ClassVar[Names] = ("pairs",)
    values: ClassVar[Values] = {
        "exact_captions": MetricInfo(
            "Captions that are the true ones",
            "higher",
            "Share of captions that equal their picture's own, word for word. Where a picture may "
            "be described in many ways, a good caption need not.",
        ),
        **{
            f"retrieval_{k}": MetricInfo(
                f"Pictures found among {k} of 100",
                "higher",
                "How often the true caption of a text's own picture is among the "
                f"{k} of 100 that share most words with it; chance is {k / 100}. Fluent captions "
                "that suit every picture find none.",
            )
            for k in (1, 5, 10)
        },
    }
    name: Literal["captioned"] = "captioned"
