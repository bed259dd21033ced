"""How often a classifier agrees with the label that was asked for: GAN-test and GAN-train.

GAN-test: a classifier trained on real samples judges generated ones (are they what they should
be?). GAN-train, or the classification accuracy score: a classifier trained on generated samples
judges real ones (is everything there?). Which of the two it is depends only on what the classifier
saw; the number is the same.

Reference: Shmelkov et al. 2018, "How good is my GAN?"; Ravuri & Vinyals 2019, "Classification
accuracy score for conditional generative models".
"""

from typing import NamedTuple

import numpy as np

from trainer.errors import MetricError
from trainer.metrics.estimate import Estimate


class Accuracy(NamedTuple):
    """Accuracy over all samples and by class.

    Attributes:
        overall: share of samples classified as asked; classes weigh as often as they were asked.
        by_class: class → its accuracy, a recall: of the samples asked to be that class.
    """

    overall: Estimate
    by_class: dict[int, Estimate]


def accuracy(predicted: np.ndarray, asked: np.ndarray, num_classes: int) -> Accuracy:
    """Accuracy of `predicted` against `asked`.

    Args:
        predicted: integers [n], a classifier's labels.
        asked: integers [n], the labels that the samples should have.
        num_classes: labels are 0 … num_classes - 1.

    Raises:
        MetricError: for unequal counts, labels that are none, or a class that nobody asked for.
    """
    check_labels(predicted, num_classes, "predicted")
    check_labels(asked, num_classes, "asked")
    if len(predicted) != len(asked):
        raise MetricError(
            f"there are {len(predicted)} predicted labels and {len(asked)} asked ones; give one "
            "of each a sample."
        )
    _refuse_empty_classes(asked, num_classes)
    hits = predicted == asked
    return Accuracy(share(hits), {c: share(hits[asked == c]) for c in range(num_classes)})


def share(hits: np.ndarray) -> Estimate:
    """The share of hits with its binomial error.

    The error is that of the samples and one hit and one miss more (Agresti & Coull 1998 in its
    simplest form), so that a hundred hits in a hundred do not claim to be certain.

    Args:
        hits: [n] of 0 and 1, or booleans; anything between counts in part, as a tie does.

    Raises:
        MetricError: when there are none, or one is NaN.
    """
    values = np.asarray(hits, np.float64)
    if not len(values) or not np.isfinite(values).all():
        raise MetricError(f"a share needs finite values and at least one; got {len(values)}.")
    and_one_of_each = np.append(values, [0.0, 1.0])
    error = and_one_of_each.std() / np.sqrt(len(and_one_of_each))
    return Estimate(float(values.mean()), float(error))


def check_labels(labels: np.ndarray, num_classes: int, who: str, lowest: int = 0) -> None:
    """Refuses what is not integers [n] of `lowest` … num_classes - 1, n > 0.

    Raises:
        MetricError: for another shape, dtype or range; `who` names the labels.
    """
    if labels.ndim != 1 or not len(labels) or not np.issubdtype(labels.dtype, np.integer):
        raise MetricError(
            f"the {who} labels are {labels.dtype} of shape {labels.shape}; give integers [n]."
        )
    if labels.min() < lowest or labels.max() >= num_classes:
        raise MetricError(
            f"the {who} labels go from {labels.min()} to {labels.max()}, and there are "
            f"{num_classes} classes; give labels from {lowest} to {num_classes - 1}."
        )


def _refuse_empty_classes(asked: np.ndarray, num_classes: int) -> None:
    empty = np.flatnonzero(np.bincount(asked, minlength=num_classes) == 0)
    if len(empty):
        raise MetricError(
            f"{len(empty)} of {num_classes} classes have no sample, the first is {empty[0]}; "
            "generate some of every class."
        )
