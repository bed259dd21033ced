"""How alike the colours of samples are to those of real ones."""

import numpy as np

from trainer import catalogue
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.evaluation.samples import SampleSet
from trainer.metrics import colours
from trainer.metrics.estimate import Estimate


def colour_histograms(
    options: catalogue.ColourHistograms, context: EvaluationContext
) -> MetricResults:
    """Intersections of histograms over all pixels, channel by channel in L*a*b*."""
    limits = context.spec.sample.limits

    def counted(samples: SampleSet) -> np.ndarray:
        blocks = (colours.counts(colours.lab(x, limits), options.bins) for x in samples.blocks())
        return np.sum(list(blocks), axis=0)

    found = colours.intersection(counted(context.fake), counted(context.truth))
    return {
        f"histogram_{name}": MetricResult(Estimate(float(value)))
        for name, value in zip("lab", found, strict=True)
    }
