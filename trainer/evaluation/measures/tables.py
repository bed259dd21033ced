"""Metrics of tables of mixed columns."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainer import catalogue
from trainer.data.columns import Column, columns_of
from trainer.errors import MetricError
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.metrics import closest_record as records
from trainer.metrics import utility as utilities
from trainer.metrics.classification import share
from trainer.metrics.mixed_columns import compare

# Rows that are held against all training rows.
_ROWS = 2000


def utility(options: catalogue.Utility, context: EvaluationContext) -> MetricResults:
    """What models that are trained on generated rows know of real ones; beside it, of as many real.

    Real training rows say what means, deviations and categories are, for both.
    """
    columns = columns_of(context.spec.sample)
    predicted = next(
        n for n, c in enumerate(columns) if c.name == context.spec.sample.about["predicted"]
    )
    train, test = context.reference.train.all(), context.real.all()
    rows = np.random.RandomState(context.seed).permutation(len(train))[: context.fake.count]
    encoded = _Encoded(train, columns, predicted)
    found = {
        side: encoded.utility(part, test, options, context.seed)
        for side, part in {"": context.fake.all(), "_real": train[rows]}.items()
    }
    return _shown(found, columns[predicted], len(rows))


def _shown(
    found: Mapping[str, utilities.Utility], column: Column, count: int
) -> dict[str, MetricResult]:
    name = "f1" if column.is_category else "r2"
    real = found["_real"].main
    note = f"of {column.name!r}; {count} real training rows score {real.value:.3f}"
    results = {f"utility_{name}": MetricResult(found[""].main, note)}
    results[f"utility_{name}_real"] = MetricResult(real)
    for side, of_side in found.items():
        if of_side.accuracy is not None:
            results[f"utility_accuracy{side}"] = MetricResult(of_side.accuracy)
    return results


class _Encoded:
    """Rows as models take them, and what they are to predict."""

    def __init__(self, train: np.ndarray, columns: tuple[Column, ...], predicted: int) -> None:
        self.column, self.predicted = columns[predicted], predicted
        self.others = [n for n in range(len(columns)) if n != predicted]
        own = [columns[n] for n in self.others]
        if not own:
            raise MetricError("the table has no column beside the one to be predicted.")
        self.encode = utilities.Encoder(
            train[:, self.others],
            np.array([column.is_category for column in own]),
            [len(column.categories) for column in own],
        )

    def utility(
        self, train: np.ndarray, test: np.ndarray, options: catalogue.Utility, seed: int
    ) -> utilities.Utility:
        """What models of `train` know of `test`."""
        pairs = self._pair(train), self._pair(test)
        if self.column.is_category:
            return utilities.of_classes(*pairs, options.models, seed)
        return utilities.of_numbers(*pairs, seed)

    def _pair(self, rows: np.ndarray) -> tuple[Any, ...]:
        known = rows[~np.isnan(rows[:, self.predicted])]
        return self.encode(known[:, self.others]), known[:, self.predicted]


def mixed_columns(options: catalogue.MixedColumns, context: EvaluationContext) -> MetricResults:
    """Distances of columns, and differences of their associations."""
    columns = columns_of(context.spec.sample)
    found = compare(context.real.rows(), context.fake.rows(), _is_category(columns), context.seed)
    note = f"the worst column is {columns[found.worst].name!r}"
    estimates = {
        "column_w1": found.wasserstein,
        "column_js": found.jensen_shannon,
        "association": found.association,
    }
    notes = {"column_w1": note, "column_js": note}
    return {k: MetricResult(e, notes.get(k, "")) for k, e in estimates.items() if e is not None}


def closest_record(options: catalogue.ClosestRecord, context: EvaluationContext) -> MetricResults:
    """How near generated rows lie to training rows, beside held-out ones."""
    is_category = _is_category(columns_of(context.spec.sample))
    train = context.reference.train.all()
    sides = {"fake": context.fake, "held_out": context.reference.held_out}
    found = {
        name: records.distances(side.all()[:_ROWS], train, is_category)
        for name, side in sides.items()
    }
    copies = {name: share(distances == 0.0) for name, distances in found.items()}
    medians = {name: float(np.median(distances)) for name, distances in found.items()}
    note = f"median distance {medians['fake']:.3g}, of held-out rows {medians['held_out']:.3g}"
    of_held_out = f"of held-out rows {copies['held_out'].value:.2%}"
    return {
        "closest_record": MetricResult(records.closer_than(found["fake"], found["held_out"]), note),
        "copied_rows": MetricResult(copies["fake"], of_held_out),
    }


def _is_category(columns: tuple[Column, ...]) -> np.ndarray:
    return np.array([column.is_category for column in columns])
