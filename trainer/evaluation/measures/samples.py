"""Distances between real and generated samples as they are stored."""

import numpy as np

from trainer import catalogue
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.metrics import laplacian_pyramid
from trainer.metrics.estimate import Estimate
from trainer.metrics.parzen import parzen_log_likelihood
from trainer.metrics.sliced_wasserstein import (
    directions,
    mean_distance,
    of_projections,
    project_blocks,
)
from trainer.metrics.wasserstein import error_by_parts

# Training examples that choose the width of a Parzen window.
_VALIDATION = 1000


def sliced_wasserstein(
    options: catalogue.SlicedWasserstein, context: EvaluationContext
) -> MetricResults:
    """Sliced Wasserstein distance of images on the scale of [0, 1], or of vectors as they are."""
    drawn = directions(context.spec.sample.size, options.directions, context.seed)
    real, fake = (
        project_blocks(map(context.scaled_rows, side.blocks()), drawn)
        for side in (context.real, context.fake)
    )
    value, _ = of_projections(real, fake)
    error = error_by_parts(mean_distance, real, fake, context.seed)
    return {"swd": MetricResult(Estimate(value, None if error is None else float(error)))}


def laplacian_swd(options: catalogue.LaplacianSwd, context: EvaluationContext) -> MetricResults:
    """Sliced Wasserstein distance of patches, averaged over the levels of a pyramid."""
    count = max(context.real.count, context.fake.count)
    found = laplacian_pyramid.pyramid_distance(
        context.real.blocks(),
        context.fake.blocks(),
        laplacian_pyramid.patches_per_image(count),
        context.seed,
    )
    levels = ", ".join(f"{side}: {level.value:.3g}" for side, level in found.by_side.items())
    # Its own error is over directions, which both generators of a comparison share: no error.
    estimate = Estimate(found.average.value)
    return {"lap_swd": MetricResult(estimate, f"by side of the level {levels}")}


def parzen(options: catalogue.Parzen, context: EvaluationContext) -> MetricResults:
    """Parzen-window log-likelihood of real samples; training examples choose the width."""
    train = context.reference.train
    rows = np.random.RandomState(context.seed).permutation(train.count)[:_VALIDATION]
    real, fake, validation = (
        context.scaled_rows(samples)
        for samples in (context.real.all(), context.fake.all(), train.take(rows))
    )
    found = parzen_log_likelihood(real, fake, validation)
    return {"parzen": MetricResult(found.log_likelihood, f"width {found.sigma:.3g}")}
