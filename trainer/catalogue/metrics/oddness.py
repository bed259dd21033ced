"""Whether what is odd is found among what is usual."""

from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class Detection(Metric):
    """How well oddness tells odd examples from usual ones, both held out (Zenati et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.oddness:detection"
    needs: ClassVar[Names] = ("odd", "anomaly_score")
    values: ClassVar[Values] = {
        "odd_auprc": MetricInfo(
            "Detection of odd examples, AUPRC",
            "higher",
            "Area under precision over recall, odd examples being what is to be found. A random "
            "score gives the base rate, which the note names: compare at equal base rates only.",
        ),
        "odd_auroc": MetricInfo(
            "Detection of odd examples, AUROC",
            "higher",
            "How often an odd example scores higher than a usual one. A random score gives one "
            "half, whatever the base rate.",
        ),
        "odd_f1": MetricInfo(
            "Detection of odd examples, F1",
            "higher",
            "Precision, and recall, of flagging as many examples as are odd: one has to know how "
            "many there are.",
        ),
        "odd_recall": MetricInfo(
            "Odd examples found",
            "higher",
            "Share of the odd examples above the threshold that a stated share of the usual ones "
            "exceeds. The note has the threshold.",
        ),
    }
    name: Literal["detection"] = "detection"
    # Share of the usual examples that may be flagged by mistake.
    false_alarms: float = Field(0.05, gt=0.0, lt=1.0)
