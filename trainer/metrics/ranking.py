"""How well a score ranks what is to be found above everything else."""

from typing import NamedTuple

import numpy as np

from trainer.errors import MetricError
from trainer.metrics.classification import share
from trainer.metrics.estimate import Estimate

# Draws of both sides with replacement, over which errors are taken.
_DRAWS = 100


class Detection(NamedTuple):
    """What came of it.

    Attributes:
        average_precision: area under precision over recall (`average_precision`).
        area: under the receiver operating characteristic (`area_under_roc`).
        f1: precision, and recall, of flagging as many as are to be found.
        recall: share of what is to be found above the threshold.
        threshold: the score that a stated share of the others exceeds.
        base_rate: share of what is to be found among all.
    """

    average_precision: Estimate
    area: Estimate
    f1: Estimate
    recall: Estimate
    threshold: float
    base_rate: float


def detection(usual: np.ndarray, odd: np.ndarray, false_alarms: float, seed: int = 0) -> Detection:
    """Everything about scores of usual and of odd examples; larger should be odder.

    Args:
        usual: [n], finite.
        odd: [m], finite.
        false_alarms: share of the usual ones that may lie above the threshold.
        seed: of the draws behind the errors.

    Raises:
        MetricError: when a side is empty or a score is not finite.
    """
    usual, odd = (np.asarray(scores, np.float64) for scores in (usual, odd))
    for who, scores in (("usual", usual), ("odd", odd)):
        if not scores.size or not np.isfinite(scores).all():
            raise MetricError(f"the {len(scores)} scores of {who} examples are not all finite.")
    threshold = float(np.quantile(usual, 1.0 - false_alarms))
    random = np.random.RandomState(seed)
    draws = [
        (random.choice(usual, len(usual)), random.choice(odd, len(odd))) for _ in range(_DRAWS)
    ]
    precision, area, f1 = (
        Estimate(measure(usual, odd), float(np.std([measure(*draw) for draw in draws])))
        for measure in (average_precision, area_under_roc, f1_of_as_many)
    )
    base_rate = len(odd) / (len(odd) + len(usual))
    return Detection(precision, area, f1, share(odd > threshold), threshold, base_rate)


def area_under_roc(usual: np.ndarray, odd: np.ndarray) -> float:
    """P(odd > usual) + ½ P(odd = usual): the area under the receiver operating characteristic.

    Reference: Hanley & McNeil 1982, "The meaning and use of the area under a ROC curve".
    """
    ordered = np.sort(usual)
    below = np.searchsorted(ordered, odd, side="left")
    not_above = np.searchsorted(ordered, odd, side="right")
    return float(np.mean(below + not_above) / (2.0 * len(usual)))


def average_precision(usual: np.ndarray, odd: np.ndarray) -> float:
    """Σ (R_k - R_{k-1}) P_k over the thresholds between unequal scores, highest first.

    The sum of steps rather than of trapezia, which would be too high.

    Reference: Davis & Goadrich 2006, "The relationship between precision-recall and ROC curves".
    """
    thresholds = np.unique(odd)[::-1]
    found = len(odd) - np.searchsorted(np.sort(odd), thresholds, side="left")
    mistaken = len(usual) - np.searchsorted(np.sort(usual), thresholds, side="left")
    precision = found / (found + mistaken)
    return float(np.sum(np.diff(found, prepend=0) * precision) / len(odd))


def f1_of_as_many(usual: np.ndarray, odd: np.ndarray) -> float:
    """Share of odd ones among the len(odd) highest scores; what is equal there counts in part."""
    count = len(odd)
    threshold = np.sort(np.concatenate([usual, odd]))[-count]
    above = np.count_nonzero(odd > threshold)
    equal, others = np.count_nonzero(odd == threshold), np.count_nonzero(usual == threshold)
    free = count - above - np.count_nonzero(usual > threshold)
    return float((above + free * equal / (equal + others)) / count)
