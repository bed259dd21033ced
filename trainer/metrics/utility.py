"""What rows are worth to who trains on them: classifiers of generated rows, asked about real ones.

Rows are [n, C] float: of a category its number, of a number itself, NaN where it is missing.

Reference: Esteban et al. 2017, "Real-valued (medical) time series generation with recurrent
conditional GANs" (train on synthetic, test on real); the classifiers, and their mean, are those by
which Xu et al. 2019 measure Adult.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from trainer.errors import MetricError
from trainer.metrics.estimate import Estimate

# Draws of the test rows by which errors are estimated.
_DRAWS = 100

_Score = Callable[[np.ndarray, np.ndarray], float]


class Utility(NamedTuple):
    """What models learned from rows, on rows that they never saw; means over the models.

    Errors are over test rows, the models being the same.

    Attributes:
        main: F1 of the rarer of two classes, or the mean F1 of more classes; R² of a number.
        accuracy: share of rows named right; None of a number.
    """

    main: Estimate
    accuracy: Estimate | None


class Encoder:
    """Rows as a model takes them: categories one-hot, numbers in their deviations.

    A missing number is the mean, and says so in a column of its own.

    Args:
        rows: float [n, C], from which means, deviations and categories are taken.
        is_category: bool [C].
        sizes: of each column its number of categories, where it has some.
    """

    def __init__(self, rows: np.ndarray, is_category: np.ndarray, sizes: Sequence[int]) -> None:
        self.is_category, self.sizes = is_category, sizes
        self.means = [float(np.nanmean(c)) if not np.isnan(c).all() else 0.0 for c in rows.T]
        self.deviations = [float(np.nanstd(c)) or 1.0 for c in rows.T]

    def __call__(self, rows: np.ndarray) -> sparse.csr_matrix:
        """Rows [n, C] → features [n, d]."""
        pieces = [self._column(column, number) for number, column in enumerate(rows.T)]
        return sparse.hstack(pieces, format="csr")

    def _column(self, values: np.ndarray, number: int) -> sparse.csr_matrix:
        count = len(values)
        if self.is_category[number]:
            places = (np.arange(count), values.astype(np.int64))
            shape = (count, self.sizes[number])
            return sparse.csr_matrix((np.ones(count, np.float32), places), shape=shape)
        gaps = np.isnan(values)
        scaled = (values - self.means[number]) / self.deviations[number]
        return sparse.csr_matrix(np.stack([np.where(gaps, 0.0, scaled), gaps], axis=1))


def of_classes(
    train: tuple[sparse.csr_matrix, np.ndarray],
    test: tuple[sparse.csr_matrix, np.ndarray],
    models: Sequence[str],
    seed: int,
) -> Utility:
    """What classifiers of training features and classes know of the test rows.

    Raises:
        MetricError: where all training rows are of one class.
    """
    classes = np.unique(test[1])
    if len(np.unique(train[1])) < 2 or len(classes) < 2:
        raise MetricError("all rows of a side are of one class; there is nothing to be learned.")
    rarest = classes[np.argmin([(test[1] == c).sum() for c in classes])]

    def main(true: np.ndarray, said: np.ndarray) -> float:
        if len(classes) == 2:
            return f1(true == rarest, said == rarest)
        return float(np.mean([f1(true == c, said == c) for c in classes]))

    said = _predictions(_CLASSIFIERS, models, train, test[0], seed)
    return Utility(
        _estimate(main, test[1], said, seed),
        _estimate(lambda a, b: float((a == b).mean()), test[1], said, seed),
    )


def of_numbers(
    train: tuple[sparse.csr_matrix, np.ndarray],
    test: tuple[sparse.csr_matrix, np.ndarray],
    seed: int,
) -> Utility:
    """What a linear regression and a tree know of numbers: 1 - Σ(y - ŷ)² / Σ(y - ȳ)².

    Raises:
        MetricError: where the test rows' numbers are all the same.
    """
    if (test[1] == test[1][0]).all():
        raise MetricError("the number to be predicted never varies among real rows.")
    said = _predictions(_REGRESSIONS, tuple(_REGRESSIONS), train, test[0], seed)
    return Utility(_estimate(_r_squared, test[1], said, seed), None)


def f1(true: np.ndarray, said: np.ndarray) -> float:
    """2 TP / (2 TP + FP + FN) of bool [n]; 0 where nothing is true and nothing is said."""
    hits = 2.0 * float((true & said).sum())
    return hits / max(1.0, float(true.sum() + said.sum()))


def _r_squared(true: np.ndarray, said: np.ndarray) -> float:
    spread = float(((true - true.mean()) ** 2).sum())
    return 1.0 - float(((true - said) ** 2).sum()) / spread if spread else 0.0


def _estimate(score: _Score, true: np.ndarray, said: Sequence[np.ndarray], seed: int) -> Estimate:
    """The mean score over models; its error over bootstrap draws of the test rows."""
    random = np.random.RandomState(seed)
    draws = [random.randint(len(true), size=len(true)) for _ in range(_DRAWS)]
    spread = np.std([np.mean([score(true[i], one[i]) for one in said]) for i in draws], ddof=1)
    return Estimate(float(np.mean([score(true, one) for one in said])), float(spread))


def _predictions(
    known: Mapping[str, Callable[[int], Any]],
    models: Sequence[str],
    train: tuple[sparse.csr_matrix, np.ndarray],
    features: sparse.csr_matrix,
    seed: int,
) -> list[np.ndarray]:
    """What each model says of the features, [n] each."""
    said = []
    with warnings.catch_warnings():
        # That one has not settled within its steps is a part of how it is defined.
        warnings.simplefilter("ignore")
        for name in models:
            said.append(known[name](seed).fit(*train).predict(features))
    return said


def _tree(seed: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_depth=15, class_weight="balanced", random_state=seed)


def _boosting(seed: int) -> Any:
    from sklearn.ensemble import AdaBoostClassifier

    return AdaBoostClassifier(random_state=seed)


def _logistic(seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(class_weight="balanced", max_iter=50, random_state=seed)


def _mlp(seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((50,), max_iter=50, random_state=seed)


def _linear(seed: int) -> Any:
    from sklearn.linear_model import Ridge

    return Ridge(random_state=seed)


def _regression_tree(seed: int) -> Any:
    from sklearn.tree import DecisionTreeRegressor

    return DecisionTreeRegressor(max_depth=8, random_state=seed)


_CLASSIFIERS: Mapping[str, Callable[[int], Any]] = {
    "tree": _tree,
    "boosting": _boosting,
    "logistic": _logistic,
    "mlp": _mlp,
}
_REGRESSIONS: Mapping[str, Callable[[int], Any]] = {"linear": _linear, "tree": _regression_tree}
