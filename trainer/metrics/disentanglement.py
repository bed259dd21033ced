"""Whether a code says one thing: the mutual information gap, and a code used as a classifier."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from trainer.errors import MetricError
from trainer.metrics import checks
from trainer.metrics.classification import share
from trainer.metrics.estimate import Estimate

NUM_BINS = 20
_NUM_RESAMPLES = 20


class InformationGap(NamedTuple):
    """The gap and what it is made of.

    Attributes:
        gap: mean over factors, from 0 to 1; its error over samples by the bootstrap.
        by_factor: float64 [m].
        information: float64 [k, m], between every code and every factor in nats.
    """

    gap: Estimate
    by_factor: np.ndarray
    information: np.ndarray


class CodeAccuracy(NamedTuple):
    """A categorical code as a classifier.

    Attributes:
        accuracy: under the best matching. This is chosen on the same samples, so keep these many
            times more than the categories.
        matching: category of the code → label; categories without one are not in it.
    """

    accuracy: Estimate
    matching: dict[int, int]


def mutual_information_gap(codes: np.ndarray, factors: np.ndarray, seed: int = 0) -> InformationGap:
    """How much more the best code knows of a factor than the second best, as a share of all.

    Codes of floats with more than 20 values are cut into 20 bins of equally many samples (so a
    monotone change of a code changes nothing), others taken as they are; entropies are those of the
    counts, which overstate information by about (bins - 1)(values - 1) / (2n) nats.

    Args:
        codes: [n, k] with k ≥ 2; integers are categories.
        factors: integers [n, m], the true factors.
        seed: of the bootstrap.

    Raises:
        MetricError: for arrays that cannot be used, one code alone, or a factor that never varies.

    Reference: Chen et al. 2018 (β-TCVAE), equation 6.
    """
    _check(codes, factors)
    codes = np.stack([_categories(code) for code in codes.T], axis=1)
    factors = np.stack([np.unique(factor, return_inverse=True)[1] for factor in factors.T], axis=1)
    information = _information(codes, factors)
    by_factor = _gaps(information, factors)
    random = np.random.RandomState(seed)
    draws = (random.randint(len(codes), size=len(codes)) for _ in range(_NUM_RESAMPLES))
    means = [_gaps(_information(codes[i], factors[i]), factors[i]).mean() for i in draws]
    gap = Estimate(float(by_factor.mean()), float(np.std(means, ddof=1)))
    return InformationGap(gap, by_factor, information)


def code_accuracy(code: np.ndarray, labels: np.ndarray) -> CodeAccuracy:
    """Accuracy of a categorical code once each category stands for the label that suits best.

    One category to one label (the Hungarian algorithm); left-over categories are always wrong.

    Args:
        code: integers [n].
        labels: integers [n].

    Raises:
        MetricError: for arrays that cannot be used.

    Reference: Chen et al. 2016 (InfoGAN), section 7.2, whose code errs on 5 % of MNIST.
    """
    if code.shape != labels.shape or code.ndim != 1 or not len(code):
        raise MetricError(
            f"the code has shape {code.shape} and the labels {labels.shape}; give integers [n] "
            "twice."
        )
    categories, rows = np.unique(code, return_inverse=True)
    names, columns = np.unique(labels, return_inverse=True)
    pairs = _joint_counts(rows, columns)
    matched = linear_sum_assignment(pairs, maximize=True)
    label_of = {int(row): int(column) for row, column in zip(*matched, strict=True)}
    hits = np.array([label_of.get(row, -1) for row in range(len(categories))])[rows] == columns
    matching = {int(categories[row]): int(names[column]) for row, column in label_of.items()}
    return CodeAccuracy(share(hits), matching)


def _information(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """I(code; factor) for all pairs, [k, m], in nats."""
    tables = [[_joint_counts(code, factor) for factor in factors.T] for code in codes.T]
    return np.array([[_mutual_information(table) for table in row] for row in tables])


def _gaps(information: np.ndarray, factors: np.ndarray) -> np.ndarray:
    second, first = np.sort(information, axis=0)[-2:]
    entropies = np.array([_entropy(np.bincount(factor)) for factor in factors.T])
    # A resample may have one value of a factor alone: then there is nothing to know of it.
    return (first - second) / np.where(entropies > 0.0, entropies, 1.0)


def _mutual_information(table: np.ndarray) -> float:
    return _entropy(table.sum(axis=0)) + _entropy(table.sum(axis=1)) - _entropy(table.ravel())


def _entropy(counts: np.ndarray) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(-shares @ np.log(shares))


def _joint_counts(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    shape = (rows.max() + 1, columns.max() + 1)
    return np.bincount(
        np.ravel_multi_index((rows, columns), shape), minlength=shape[0] * shape[1]
    ).reshape(shape)


def _categories(code: np.ndarray) -> np.ndarray:
    """The code as integers from 0: its own, or the bin each value falls in."""
    values, categories = np.unique(code, return_inverse=True)
    if np.issubdtype(code.dtype, np.integer) or len(values) <= NUM_BINS:
        return categories
    edges = np.quantile(code.astype(np.float64), np.linspace(0.0, 1.0, NUM_BINS + 1)[1:-1])
    return np.searchsorted(edges, code, side="right")


def _check(codes: np.ndarray, factors: np.ndarray) -> None:
    checks.features(codes, "code")
    checks.features(factors, "factor")
    if len(codes) != len(factors) or codes.shape[1] < 2:
        raise MetricError(
            f"codes have shape {codes.shape} and factors {factors.shape}; give a row of both a "
            "sample, and two codes at least."
        )
    if not np.issubdtype(factors.dtype, np.integer):
        raise MetricError(f"the factors are {factors.dtype}; give integers, a value a number.")
    constant = np.flatnonzero((factors == factors[0]).all(axis=0))
    if len(constant):
        raise MetricError(
            f"factor {constant[0]} is {factors[0, constant[0]]} in all samples, so nothing can be "
            "known of it; leave it out."
        )
