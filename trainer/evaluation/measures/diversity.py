"""How different generated samples are from each other: similarity, support, modes."""

import numpy as np

from trainer import catalogue
from trainer.errors import MetricError
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.evaluation.samples import SampleSet, pairs_within
from trainer.metrics import structural_similarity
from trainer.metrics.birthday import birthday_test
from trainer.metrics.estimate import Estimate
from trainer.metrics.modes import (
    NO_MODE,
    assign_to_centres,
    high_quality,
    mode_divergence,
    modes_found,
)


def ms_ssim(options: catalogue.MsSsim, context: EvaluationContext) -> MetricResults:
    """MS-SSIM of random pairs of generated images, and of real ones beside it.

    Pairs are of one class where both sides are labelled, and the names then say "within".
    """
    within = context.fake.labels is not None and context.real.labels is not None
    sides = {"ms_ssim": context.fake, "ms_ssim_real": context.real}
    return {
        key: MetricResult(
            _similarity(side, options.pairs, within, context), variant="within" if within else ""
        )
        for key, side in sides.items()
    }


def _similarity(side: SampleSet, pairs: int, within: bool, context: EvaluationContext) -> Estimate:
    """Mean similarity of disjoint pairs."""
    labels = side.labels if within and side.labels is not None else np.zeros(side.count, int)
    first, second = pairs_within(labels, pairs, context.seed)
    values = structural_similarity.ms_ssim(
        side.take(first), side.take(second), context.spec.sample.limits
    )
    return structural_similarity.diversity(values)


def birthday(options: catalogue.BirthdayTest, context: EvaluationContext) -> MetricResults:
    """Support size from coincidences among the features."""
    real, fake = context.real_features.features, context.fake_features.features
    found = birthday_test(real, fake)
    note = f"real samples seem to have {found.real.size.value:.0f} different ones"
    if found.fake.is_lower_bound:
        note = f"no two coincide: as likely more as less; {note}"
    return {"support": MetricResult(found.fake.size, note)}


def modes(options: catalogue.Modes, context: EvaluationContext) -> MetricResults:
    """Classes found, and the divergence of their shares from the data's.

    A vector belongs to the nearest class centre of the training data, within three of its standard
    deviations. Other samples are read by the classifier.
    """
    marginal = np.array(context.spec.marginal)
    if context.kind != "vector":
        return _mode_results(context.predicted_labels(), marginal)
    found = _nearest_centres(context)
    if (found == NO_MODE).all():
        raise MetricError("no generated point lies within three deviations of a mode's centre.")
    return _mode_results(found, marginal) | {"on_modes": MetricResult(high_quality(found))}


def _mode_results(found: np.ndarray, marginal: np.ndarray) -> MetricResults:
    count = len(marginal)
    return {
        "modes": MetricResult(modes_found(found, count), f"of {count}"),
        "mode_kl": MetricResult(mode_divergence(found, count, marginal)),
    }


def _nearest_centres(context: EvaluationContext) -> np.ndarray:
    """The mode of each generated vector, or NO_MODE."""
    train = context.reference.dataset.train
    if train.labels is None:
        raise MetricError(f"the examples of {context.reference.source} have no labels.")
    groups = [train.samples[train.labels == c] for c in range(context.spec.num_classes)]
    centres = np.stack([group.mean(axis=0, dtype=np.float64) for group in groups])
    stds = np.array([np.sqrt(g.var(axis=0, dtype=np.float64).mean()) for g in groups])
    return assign_to_centres(context.fake.rows(), centres, stds)
