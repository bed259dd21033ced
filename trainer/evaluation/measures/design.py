"""Whether designs are better than what is known, by an opinion that the search did not follow."""

import numpy as np

from trainer import catalogue
from trainer.data import symbols
from trainer.errors import MetricError
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.metrics.estimate import Estimate, mean
from trainer.metrics.word_regression import WordRegression

_FIELD = "attributes"


def designs(options: catalogue.Designs, context: EvaluationContext) -> MetricResults:
    """How far the best designs lie beyond the best training sequence, by a regression on words."""
    data, field = context.reference.dataset, context.spec.sample
    search = _search(context)
    place = _place(options.property or search.property, context)
    sign = 1.0 if search.highest else -1.0
    known, values = data.train.samples, sign * data.train[_FIELD][:, place]
    held_out = data.held_out.samples, sign * data.held_out[_FIELD][:, place]
    opinion = WordRegression(*held_out, len(field.names))

    seeds = context.first_seed + np.arange(options.count, dtype=np.int64)
    made = context.generator.named(seeds, "design")
    promised = np.argsort(-sign * made["predicted"], kind="stable")[: options.best]
    of_designs = opinion(symbols.rows_of(made, field)[promised])
    plain = symbols.rows_of(context.generator.named(seeds), field)
    of_generated = np.sort(opinion(plain))[-options.best :]

    of_known, deviation = opinion(known), float(values.std()) or 1.0
    note = f"the {options.best} of {options.count} of which most is promised"
    return {
        "designs": _beyond(of_designs, of_known.max(), deviation, note),
        "designs_generated": _beyond(of_generated, of_known.max(), deviation, ""),
        "designs_fit": MetricResult(Estimate(float(np.corrcoef(of_known, values)[0, 1]))),
    }


def _beyond(values: np.ndarray, best: float, deviation: float, note: str) -> MetricResult:
    return MetricResult(mean((values - best) / deviation), note)


def _search(context: EvaluationContext) -> catalogue.Design:
    """The search that the model's signature is of."""
    searches = context.target.experiment.export.searches
    found = next((one for one in searches if isinstance(one, catalogue.Design)), None)
    if found is None:
        raise MetricError("it is for models whose recipe has the search 'design'.")
    return found


def _place(name: str | None, context: EvaluationContext) -> int:
    names = context.spec.fields[_FIELD].names
    if name is not None and name not in names:
        raise MetricError(f"the data has no property {name!r}, but {', '.join(names)}.")
    return 0 if name is None else names.index(name)
