"""Whether the generator has learnt its training samples by heart.

Three readings of distances to nearest neighbours (`neighbours.py`), in pixels or in features.
Their errors are those of drawing other fakes; the training set is taken as it is.
"""

import numpy as np

from trainer.errors import MetricError
from trainer.metrics.classification import share
from trainer.metrics.estimate import Estimate


def nearer_to_training(fake_to_train: np.ndarray, fake_to_held_out: np.ndarray) -> Estimate:
    """Share of fakes that are nearer to the training set than to samples never trained on.

    ½ is what a generator gives that knows the distribution only, 1 one that copies. That holds for
    sets of equal size and kind: with more training samples than held-out ones the former are
    nearer by mere number, so first draw as many (`equal_rows`). Ties count half.

    Args:
        fake_to_train: [n], distance of each fake to the nearest of the training samples.
        fake_to_held_out: [n], distance to the nearest of as many held-out ones.

    Raises:
        MetricError: for distances that cannot be used.
    """
    _check(fake_to_train, fake_to_held_out)
    nearer, equal = fake_to_train < fake_to_held_out, fake_to_train == fake_to_held_out
    return share(nearer + 0.5 * equal)


def equal_rows(num_train: int, num_held_out: int, seed: int = 0) -> np.ndarray:
    """Which training samples to compare with: as many as are held out, int64, ascending.

    Raises:
        MetricError: when fewer were trained on than held out.
    """
    if num_train < num_held_out:
        raise MetricError(
            f"{num_train} training samples are fewer than the {num_held_out} held out; leave out "
            "some of these."
        )
    rows = np.random.RandomState(seed).permutation(num_train)[:num_held_out]
    return np.sort(rows)


def authenticity(fake_to_train: np.ndarray, neighbour_to_train: np.ndarray) -> Estimate:
    """Share of fakes that lie farther from their training neighbour than its own neighbour does.

    1 when none is a variation of one training sample, 0 for copies. What honest samples score
    depends on dimension and count, so take held-out samples in the fakes' place for the standard.
    Ties are not authentic, as in the authors' code: a copy of a sample that occurs twice is a copy.

    Args:
        fake_to_train: [n], distance of each fake to the nearest training sample.
        neighbour_to_train: [n], distance of that very sample to the nearest *other* training one.

    Raises:
        MetricError: for distances that cannot be used.

    Reference: Alaa et al. 2022, "How faithful is your synthetic data?", section 3.3.
    """
    _check(fake_to_train, neighbour_to_train)
    return share(fake_to_train > neighbour_to_train)


def copies(
    fake_to_train: np.ndarray, train_to_train: np.ndarray, tolerance: float = 1e-3
) -> Estimate:
    """Share of fakes that are a training sample but for rounding.

    Args:
        fake_to_train: [n], distance of each fake to the nearest training sample.
        train_to_train: [m], distances of some training samples to the nearest other one: their
            median is the yardstick.
        tolerance: up to this share of the yardstick counts as none. Pixels rounded to 8 bits, and
            features of one sample in other batches, differ by less.

    Raises:
        MetricError: for distances that cannot be used.
    """
    _check(fake_to_train)
    _check(train_to_train)
    return share(fake_to_train <= tolerance * np.median(train_to_train))


def _check(*distances: np.ndarray) -> None:
    if len({x.shape for x in distances}) > 1 or distances[0].ndim != 1 or not len(distances[0]):
        raise MetricError(
            f"the distances have shapes {[x.shape for x in distances]}; give one a sample, [n]."
        )
    # Written so that NaN fails it too.
    if not all((x >= 0).all() and np.isfinite(x).all() for x in distances):
        raise MetricError("some distances are NaN, infinite or negative; look at those samples.")
