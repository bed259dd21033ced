"""Metrics of vectors: points of few numbers, rows of tables, and time series."""

import numpy as np

from trainer import catalogue
from trainer.errors import MetricError
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.metrics.columns import compare_columns, varying
from trainer.metrics.estimate import Estimate
from trainer.metrics.kernel import maximum_mean_discrepancy
from trainer.metrics.series import autocorrelations
from trainer.metrics.wasserstein import wasserstein_distance


def wasserstein(
    options: catalogue.WassersteinDistance, context: EvaluationContext
) -> MetricResults:
    """Exact Wasserstein-1 distance between subsets of the vectors."""
    real, fake = context.real.rows(), context.fake.rows()
    estimate = wasserstein_distance(real, fake, options.points, context.seed)
    return {"w1": MetricResult(estimate)}


def mmd(options: catalogue.MaximumMeanDiscrepancy, context: EvaluationContext) -> MetricResults:
    """Squared maximum mean discrepancy of the vectors under a Gaussian kernel."""
    estimate = maximum_mean_discrepancy(context.real.rows(), context.fake.rows())
    return {"mmd": MetricResult(estimate)}


def columns(options: catalogue.Columns, context: EvaluationContext) -> MetricResults:
    """Statistics of the columns; real columns that never vary are left out."""
    real, fake = context.real.rows(), context.fake.rows()
    kept = varying(real)
    if not kept.any():
        raise MetricError("no column of the real samples varies.")
    found = compare_columns(real[:, kept], fake[:, kept], context.seed)
    left_out = "" if kept.all() else f"; {(~kept).sum()} constant columns left out"
    note = (
        f"worst column: KS {found.worst_kolmogorov_smirnov.value:.3g}, mean off by "
        f"{found.worst_mean.value:.3g} and deviation by {found.worst_std.value:.3g} real "
        f"deviations{left_out}"
    )
    return {
        "ks": MetricResult(found.mean_kolmogorov_smirnov, note),
        "correlations": MetricResult(found.worst_correlation),
    }


def autocorrelation(
    options: catalogue.Autocorrelation, context: EvaluationContext
) -> MetricResults:
    """Differences of autocorrelations from the real ones; beside them those of training series."""
    train = context.reference.train
    order = np.random.RandomState(context.seed).permutation(train.count)[: context.fake.count]
    sides = {"": context.fake.all(), "_real": train.take(np.sort(order))}
    truth = autocorrelations(context.real.all())
    return {
        f"autocorrelation{side}": MetricResult(
            Estimate(float(np.abs(autocorrelations(series) - truth).mean()))
        )
        for side, series in sides.items()
    }
