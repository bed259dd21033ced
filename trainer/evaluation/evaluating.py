"""One evaluation: every metric that was asked for, on one target, against one reference."""

import logging
import time
from collections.abc import Iterator
from importlib.metadata import version

import numpy as np
from tqdm import tqdm

from trainer import catalogue
from trainer.catalogue import METRICS, Metric
from trainer.config.experiment import Evaluate
from trainer.errors import MetricError
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.reference import Reference
from trainer.evaluation.results import (
    Evaluation,
    MetricResults,
    MetricValue,
    Protocol,
    SkippedMetric,
    protocol_name,
)
from trainer.evaluation.targets import Target

logger = logging.getLogger("saddlepoint")

# Below so many samples of a side a reader is told that the errors are large.
_FEW = 1000


def evaluate(target: Target, reference: Reference) -> tuple[Evaluation, EvaluationContext]:
    """Measures a target.

    Returns:
        The evaluation, and the context, from which a report takes its pictures.

    Raises:
        ConfigError: when the samples do not fit the reference, or the extractor cannot be had.
    """
    begun = time.perf_counter()
    context = EvaluationContext(target, reference)
    protocol = _protocol(context)
    numbers: list[MetricValue] = []
    warnings = list(_warnings(context))
    skipped: list[SkippedMetric] = []
    metrics = chosen(target.experiment.evaluate, context)
    for metric in tqdm(metrics, "Metrics", delay=1, disable=None, leave=False):
        try:
            results = _measure(metric, context)
            numbers += _numbers(metric, results, protocol)
            warnings += [result.warning for result in results.values() if result.warning]
        except MetricError as error:
            skipped.append(SkippedMetric(metric.name, str(error)))
        except Exception as error:
            # One metric must not cost the others, nor the hours that they may have taken.
            logger.warning("%s failed.", metric.name, exc_info=True)
            skipped.append(SkippedMetric(metric.name, f"it failed: {error!r}"))
    evaluation = Evaluation(
        target=target.name,
        recipe=target.recipe,
        step=target.step,
        config_hash=target.config_hash,
        protocol=protocol,
        numbers=tuple(numbers),
        skipped=tuple(skipped),
        warnings=tuple(warnings),
        seconds=time.perf_counter() - begun,
        time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        versions={name: version(name) for name in ("saddlepoint", "tensorflow", "numpy", "scipy")},
    )
    return evaluation, context


def chosen(options: Evaluate, context: EvaluationContext) -> list[Metric]:
    """The metrics that were asked for, or those that suit what is evaluated."""
    if options.metrics is not None:
        return list(options.metrics)
    affordable = (m for m in METRICS if options.expensive or not m.expensive)
    return [metric() for metric in affordable if not context.unmet_precondition(metric)]


def _measure(metric: Metric, context: EvaluationContext) -> MetricResults:
    """What a metric gives.

    Raises:
        MetricError: when it cannot be had from what is there.
    """
    unmet = context.unmet_precondition(type(metric))
    if unmet:
        raise MetricError(unmet)
    results: MetricResults = catalogue.resolve(metric)(metric, context)
    return results


def _protocol(context: EvaluationContext) -> Protocol:
    reference, extractor = context.reference, context.extractor
    return Protocol(
        num_fake=context.fake.count,
        num_real=context.real.count,
        reference=reference.source,
        split=reference.split,
        reference_fingerprint=reference.fingerprint,
        training_fingerprint=reference.dataset.spec.fingerprint,
        value_range=reference.dataset.spec.sample.range or (0.0, 0.0),
        extractor=extractor.name,
        extractor_hash=extractor.hash,
        extractor_accuracy=extractor.accuracy,
        seed=context.target.experiment.evaluate.seed,
        signature=context.target.experiment.evaluate.signature or "",
        field=context.target.experiment.evaluate.field or "",
    )


def _numbers(metric: Metric, results: MetricResults, protocol: Protocol) -> Iterator[MetricValue]:
    """The results with their names.

    Raises:
        MetricError: when one is not a finite number.
    """
    defaults = type(metric)().model_dump()
    options = {k: v for k, v in metric.model_dump().items() if v != defaults.get(k)}
    for key, result in results.items():
        value, error = result.estimate
        if not np.isfinite(value):
            raise MetricError(f"{key} is {value}: no number can be had from these samples.")
        yield MetricValue(
            key,
            protocol_name(
                key,
                protocol,
                options=options,
                uses_features=metric.uses_features,
                variant=result.variant,
            ),
            float(value),
            None if error is None or not np.isfinite(error) else float(error),
            result.note,
        )


def _warnings(context: EvaluationContext) -> Iterator[str]:
    """Sentences about the samples as a whole."""
    for who, samples in (("generated", context.fake), ("real", context.real)):
        first = samples.take(np.arange(1))
        if all(np.array_equal(row, first[0]) for block in samples.blocks() for row in block):
            yield f"All {samples.count} {who} samples are the same."
        elif samples.count < _FEW:
            yield f"There are {samples.count} {who} samples only: errors and biases are large."
    yield from _range_warning(context)


def _range_warning(context: EvaluationContext) -> Iterator[str]:
    """Float samples in other units than the real ones, such as [0, 1] against [-1, 1]."""
    if context.spec.sample.dtype != "float32" or context.kind == "table":
        return
    ranges = []
    for samples in (context.real, context.fake):
        bounds = [(float(block.min()), float(block.max())) for block in samples.blocks()]
        ranges.append((min(low for low, _ in bounds), max(high for _, high in bounds)))
    (low, high), (fake_low, fake_high) = ranges
    width, fake_width = high - low, fake_high - fake_low
    if not 0.5 * width < fake_width < 2.0 * width or fake_low > high or fake_high < low:
        yield (
            f"Generated values lie on [{fake_low:.4g}, {fake_high:.4g}] and real ones on "
            f"[{low:.4g}, {high:.4g}]: are they in the same units?"
        )
