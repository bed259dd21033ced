"""Whether generated samples are copies of training examples."""

import numpy as np

from trainer import catalogue
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.metrics import neighbours
from trainer.metrics.estimate import Estimate
from trainer.metrics.memorisation import authenticity, copies, equal_rows, nearer_to_training


def memorisation(options: catalogue.Memorisation, context: EvaluationContext) -> MetricResults:
    """Whether samples lie nearer to the training set than held-out examples do.

    How far the first number rises above one half depends on how many examples are held out; so
    the warning is of the second one and of copies, against what held-out examples score.
    """
    reference, fake = context.reference, context.fake_features.features
    train, held_out = reference.train_features.features, reference.held_out_features.features
    rows = equal_rows(len(train), min(len(held_out), len(train)), context.seed)
    to_train = neighbours.nearest(fake, train[rows]).distances
    to_held_out = neighbours.nearest(fake, held_out[: len(rows)]).distances
    own = _authenticity(train, *context.nearest_training)
    standard = _authenticity(train, *neighbours.nearest(held_out, train))
    note = f"held-out examples score {standard[0].value:.3f}; {own[1].value:.1%} are copies"
    return {
        "memorisation": MetricResult(nearer_to_training(to_train, to_held_out)),
        "authenticity": MetricResult(own[0], note, _warning(own, standard)),
    }


def _authenticity(
    train: np.ndarray, distances: np.ndarray, nearest: np.ndarray
) -> tuple[Estimate, Estimate]:
    """Authenticity and share of copies of samples whose nearest training examples are known."""
    own, inverse = np.unique(nearest, return_inverse=True)
    to_others = neighbours.nearest_in_blocks(train[own], [train], own_rows=own).distances
    return authenticity(distances, to_others[inverse]), copies(distances, to_others)


def _warning(own: tuple[Estimate, Estimate], standard: tuple[Estimate, Estimate]) -> str:
    """Says so where samples are copies, or next to them, oftener than held-out examples are."""

    def apart(more: Estimate, less: Estimate) -> bool:
        return more.value - less.value > 3.0 * np.hypot(more.error or 0.0, less.error or 0.0)

    if not apart(standard[0], own[0]) and not apart(own[1], standard[1]):
        return ""
    return (
        f"{own[0].value:.0%} of the samples are authentic where held-out examples score "
        f"{standard[0].value:.0%}, and {own[1].value:.1%} are copies: the generator memorises."
    )
