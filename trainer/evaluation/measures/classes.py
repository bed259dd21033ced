"""How close and how varied samples are within each class."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from trainer import catalogue
from trainer.errors import MetricError
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.metrics.estimate import Estimate
from trainer.metrics.frechet import frechet_distance
from trainer.metrics.manifold import prdc

Found = TypeVar("Found")


def intra_frechet(options: catalogue.IntraFrechet, context: EvaluationContext) -> MetricResults:
    """Fréchet distance of the features within each class, averaged."""
    found = [_of_class(name, frechet_distance, *sets) for name, *sets in _classes(context)]
    key = options.key_of_kind[context.extractor.kind]
    return {key: _averaged(found, context, worst=np.argmax)}


def intra_prdc(options: catalogue.IntraPrdc, context: EvaluationContext) -> MetricResults:
    """Precision and recall of the features within each class, averaged."""
    train = context.reference.train
    if train.labels is None:
        raise MetricError(f"the examples of {context.reference.source} have no labels.")
    features = context.reference.train_features.features
    measure = partial(prdc, k=options.k)
    precision, recall, ceiling = [], [], []
    for label, (name, real, fake) in enumerate(_classes(context)):
        made = _of_class(name, measure, real, fake)
        known = features[train.labels == label][: len(fake)]
        precision.append(made.precision)
        recall.append(made.recall)
        ceiling.append(_of_class(name, measure, real, known).recall)
    return {
        "intra_precision": _averaged(precision, context, worst=np.argmin),
        "intra_recall": _averaged(recall, context, worst=np.argmin),
        "intra_recall_real": _averaged(ceiling, context, worst=np.argmin),
    }


def _classes(context: EvaluationContext) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Every class with features of its real samples and of those asked to be of it, [n, d] each.

    Raises:
        MetricError: where the real samples have no labels.
    """
    asked, labels = context.requested_labels(), context.real.labels
    if labels is None:
        raise MetricError(f"the examples of {context.reference.source} have no labels.")
    real, fake = context.real_features.features, context.fake_features.features
    for label, name in enumerate(context.spec.label_names):
        yield name, real[labels == label], fake[asked == label]


def _of_class(
    name: str,
    measure: Callable[[np.ndarray, np.ndarray], Found],
    real: np.ndarray,
    fake: np.ndarray,
) -> Found:
    """A measure of one class, whose complaints say which it is.

    Raises:
        MetricError: as the measure.
    """
    try:
        return measure(real, fake)
    except MetricError as error:
        raise MetricError(f"class {name}: {error}") from error


def _averaged(
    found: Sequence[Estimate], context: EvaluationContext, *, worst: Callable[..., np.intp]
) -> MetricResult:
    """Mean over classes, its error from those of each, and which class is worst."""
    values = np.array([estimate.value for estimate in found])
    errors = np.array([estimate.error or 0.0 for estimate in found])
    label = int(worst(values))
    name = context.spec.label_names[label]
    error = float(np.sqrt((errors**2).sum()) / len(found))
    return MetricResult(
        Estimate(float(values.mean()), error), f"worst class {name}: {values[label]:.3g}"
    )
