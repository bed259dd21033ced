"""One evaluation: every metric that was asked for, on one target, against one reference."""

import logging
import time
from collections.abc import Iterator
from importlib.metadata import version

import numpy as np
from tqdm import tqdm

from trainer import catalogue as components
from trainer.config.experiment import Evaluate
from trainer.errors import MetricError
from trainer.evaluation import catalogue
from trainer.evaluation.catalogue import Metric
from trainer.evaluation.evidence import Evidence
from trainer.evaluation.measures import Finding
from trainer.evaluation.reference import Reference
from trainer.evaluation.results import Evaluation, Missing, Number, Protocol, protocol_name
from trainer.evaluation.targets import Target

logger = logging.getLogger("saddlepoint")

# Below so many samples of a side a reader is told that the errors are large.
_FEW = 1000


def evaluate(target: Target, reference: Reference) -> tuple[Evaluation, Evidence]:
    """Measures a target.

    Returns:
        The evaluation, and the evidence, from which a report takes its pictures.

    Raises:
        ConfigError: when the samples do not fit the reference, or the extractor cannot be had.
    """
    begun = time.perf_counter()
    evidence = Evidence(target, reference)
    protocol = _protocol(evidence)
    numbers: list[Number] = []
    warnings = list(_warnings(evidence))
    missing: list[Missing] = []
    metrics = chosen(target.experiment.evaluate, evidence)
    for metric in tqdm(metrics, "Metrics", delay=1, disable=None, leave=False):
        try:
            findings = components.resolve(metric)(metric, evidence)
            numbers += _numbers(metric, findings, protocol)
            warnings += [finding.warning for finding in findings.values() if finding.warning]
        except MetricError as error:
            missing.append(Missing(metric.name, str(error)))
        except Exception as error:
            # One metric must not cost the others, nor the hours that they may have taken.
            logger.warning("%s failed.", metric.name, exc_info=True)
            missing.append(Missing(metric.name, f"it failed: {error!r}"))
    evaluation = Evaluation(
        target=target.name,
        recipe=target.recipe,
        step=target.step,
        config_hash=target.config_hash,
        protocol=protocol,
        numbers=tuple(numbers),
        missing=tuple(missing),
        warnings=tuple(warnings),
        seconds=time.perf_counter() - begun,
        time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        versions={name: version(name) for name in ("saddlepoint", "tensorflow", "numpy", "scipy")},
    )
    return evaluation, evidence


def chosen(options: Evaluate, evidence: Evidence) -> list[Metric]:
    """The metrics that were asked for, or those that suit what is evaluated."""
    if options.metrics is not None:
        return list(options.metrics)
    kind = "images" if evidence.spec.sample.kind == "image" else "points"
    return [
        metric()
        for metric in catalogue.METRICS
        if kind in metric.kinds
        and (options.costly or not metric.costly)
        and all(evidence.has(need) for need in metric.needs)
    ]


def _protocol(evidence: Evidence) -> Protocol:
    reference, extractor = evidence.reference, evidence.extractor
    return Protocol(
        num_fake=evidence.fake.count,
        num_real=evidence.real.count,
        reference=reference.source,
        split=reference.split,
        reference_fingerprint=reference.fingerprint,
        training_fingerprint=reference.dataset.spec.fingerprint,
        value_range=reference.dataset.spec.sample.limits,
        extractor=extractor.name,
        extractor_hash=extractor.hash,
        extractor_accuracy=extractor.accuracy,
        seed=evidence.target.experiment.evaluate.seed,
    )


def _numbers(metric: Metric, findings: dict[str, Finding], protocol: Protocol) -> Iterator[Number]:
    """The findings with their names.

    Raises:
        MetricError: when one is not a finite number.
    """
    defaults = type(metric)().model_dump()
    options = {k: v for k, v in metric.model_dump().items() if v != defaults.get(k)}
    for key, finding in findings.items():
        value, error = finding.estimate
        if not np.isfinite(value):
            raise MetricError(f"{key} is {value}: no number can be had from these samples.")
        yield Number(
            key,
            protocol_name(
                key,
                protocol,
                options=options,
                extracted=metric.extracted,
                variant=finding.variant,
            ),
            float(value),
            None if error is None or not np.isfinite(error) else float(error),
            finding.note,
        )


def _warnings(evidence: Evidence) -> Iterator[str]:
    """Sentences about the samples as a whole."""
    for who, samples in (("generated", evidence.fake), ("real", evidence.real)):
        first = samples.take(np.arange(1))
        if all((block == first).all() for block in samples.blocks()):
            yield f"All {samples.count} {who} samples are the same."
        elif samples.count < _FEW:
            yield f"There are {samples.count} {who} samples only: errors and biases are large."
    yield from _range_warning(evidence)


def _range_warning(evidence: Evidence) -> Iterator[str]:
    """Float samples in other units than the real ones, such as [0, 1] against [-1, 1]."""
    if evidence.spec.sample.dtype != "float32":
        return
    ranges = []
    for samples in (evidence.real, evidence.fake):
        bounds = [(float(block.min()), float(block.max())) for block in samples.blocks()]
        ranges.append((min(low for low, _ in bounds), max(high for _, high in bounds)))
    (low, high), (fake_low, fake_high) = ranges
    width, fake_width = high - low, fake_high - fake_low
    if not 0.5 * width < fake_width < 2.0 * width or fake_low > high or fake_high < low:
        yield (
            f"Generated values lie on [{fake_low:.4g}, {fake_high:.4g}] and real ones on "
            f"[{low:.4g}, {high:.4g}]: are they in the same units?"
        )
