"""Whether what is odd is found among what is usual."""

import numpy as np

from trainer import catalogue
from trainer.data.examples import Examples
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.evaluation.samples import SampleSet
from trainer.metrics import ranking


def detection(options: catalogue.Detection, context: EvaluationContext) -> MetricResults:
    """Areas under both curves, F1, and what is found at a stated share of false alarms.

    All held-out examples count, so that the base rate is the data's.
    """
    held_out = context.reference.dataset.held_out
    usual, odd = (_scores(held_out[name], context) for name in ("sample", "odd_sample"))
    found = ranking.detection(usual, odd, options.false_alarms, context.seed)
    base = f"{len(odd)} odd of {len(odd) + len(usual)}: a random score gives {found.base_rate:.3f}"
    threshold = f"above {found.threshold:.4g}, as {options.false_alarms:.1%} of the usual ones"
    return {
        "odd_auprc": MetricResult(found.average_precision, base),
        "odd_auroc": MetricResult(found.area),
        "odd_f1": MetricResult(found.f1, base),
        "odd_recall": MetricResult(found.recall, threshold),
    }


def _scores(samples: np.ndarray, context: EvaluationContext) -> np.ndarray:
    blocks = SampleSet.of_examples(Examples.of(sample=samples)).blocks()
    return np.concatenate([context.generator.oddness(block) for block in blocks])
