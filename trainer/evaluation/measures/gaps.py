"""How surfaces that are made work with the ones above them."""

import numpy as np

from trainer import catalogue
from trainer.data import height_maps
from trainer.errors import MetricError
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.metrics.estimate import Estimate, mean
from trainer.metrics.gaps import Gaps, count


def contacts(options: catalogue.Contacts, context: EvaluationContext) -> MetricResults:
    """What passes through the opposing surface, and which contacts are kept."""
    counts = _counted(options.within, context)
    if not counts.due.sum():
        raise MetricError("no surface touches the one above it in the data.")
    shares = counts.penetrating / np.maximum(counts.pixels, 1.0)
    through = int((counts.penetrating > 0).sum())
    return {
        "penetrating": MetricResult(
            mean(shares), f"{through} of {len(shares)} surfaces pass through somewhere"
        ),
        "kept_contacts": MetricResult(Estimate(counts.kept.sum() / counts.due.sum())),
        "contacts": MetricResult(Estimate(counts.touching.sum() / counts.due.sum())),
    }


def _counted(within: float, context: EvaluationContext) -> Gaps:
    """The counts of all pictures, block by block."""
    surfaces = height_maps.surfaces_of(context.spec.fields)
    assert surfaces is not None and context.fake.given is not None
    low, high = context.spec.sample.limits
    parts = []
    blocks = (context.fake, context.truth, context.fake.given)
    for made, truth, given in zip(*(part.blocks() for part in blocks), strict=True):
        heights = (made.mean(axis=-1), truth.mean(axis=-1), given[..., surfaces.opposing])
        region = np.ones(heights[0].shape, bool)
        if surfaces.region is not None:
            region = given[..., surfaces.region] > (low + high) / 2.0
        parts.append(count(*heights, region, within * (high - low)))
    return Gaps(*(np.concatenate(part) for part in zip(*parts, strict=True)))
