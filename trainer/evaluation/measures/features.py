"""Distances between the features of real and of generated samples."""

from trainer import catalogue
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.metrics import inception, kernel, manifold
from trainer.metrics.frechet import frechet_distance


def frechet(options: catalogue.FrechetDistance, context: EvaluationContext) -> MetricResults:
    """Fréchet distance of the features."""
    real, fake = context.real_features.features, context.fake_features.features
    key = options.key_of_kind[context.extractor.kind]
    return {key: MetricResult(frechet_distance(real, fake))}


def kernel_distance(options: catalogue.KernelDistance, context: EvaluationContext) -> MetricResults:
    """Kernel distance of the features."""
    real, fake = context.real_features.features, context.fake_features.features
    key = options.key_of_kind[context.extractor.kind]
    return {key: MetricResult(kernel.kernel_distance(real, fake))}


def inception_score(options: catalogue.InceptionScore, context: EvaluationContext) -> MetricResults:
    """Inception score, or its like under another classifier."""
    estimate = inception.inception_score(context.fake_logits, splits=options.splits)
    return {options.key_of_kind[context.extractor.kind]: MetricResult(estimate)}


def prdc(options: catalogue.Prdc, context: EvaluationContext) -> MetricResults:
    """Precision, recall, density and coverage of the features."""
    real, fake = context.real_features.features, context.fake_features.features
    found = manifold.prdc(real, fake, k=options.k)
    results = {key: MetricResult(estimate) for key, estimate in found._asdict().items()}
    note = "errors of these four are given the neighbourhoods; new real samples add as much again"
    return results | {"precision": MetricResult(found.precision, note)}
