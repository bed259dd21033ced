"""Whether a generator heeds its condition, and its latent beside it."""

from collections.abc import Mapping

import numpy as np

from trainer import catalogue
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.evaluation.samples import SampleSet, pairs_within
from trainer.metrics.conditional import mean_distance, relative_distance
from trainer.metrics.estimate import Estimate

# Of the distance of real pairs: less comes of what is hardly used.
_IGNORED = 0.1


def conditional_diversity(
    options: catalogue.ConditionalDiversity, context: EvaluationContext
) -> MetricResults:
    """Distances of samples of one condition, and of one seed, in units of real ones.

    Samples 2i and 2i + 1 are a pair; between them stands the seed of the one under the condition of
    the other.
    """
    pairs = min(options.pairs, context.fake.count // 2)
    first = np.arange(0, 2 * pairs, 2)
    seeds = context.first_seed + np.arange(2 * pairs, dtype=np.int64)
    asked = {name: values[1::2] for name, values in context.generator.conditions(seeds).items()}
    own = context.generator.conditions(seeds[::2])

    def under(changed: Mapping[str, np.ndarray]) -> np.ndarray:
        return context.scaled_rows(context.generator.generate_under(seeds[::2], {**own, **changed}))

    one, other = (context.scaled_rows(context.fake.take(rows)) for rows in (first, first + 1))
    crossed = under(asked)
    unit = _between(context.real, np.zeros(context.real.count, int), options.pairs, context)
    within, effect = (relative_distance(crossed, x, unit) for x in (other, one))
    alone = {
        name: relative_distance(under({name: values}), one, unit).value
        for name, values in (asked.items() if len(asked) > 1 else ())
    }
    results = {
        "conditional_diversity": MetricResult(within, warning=_of_latent(within)),
        "condition_effect": MetricResult(
            effect, note=_one_at_a_time(alone), warning=_of_condition(effect.value, alone)
        ),
    }
    if context.real.labels is not None:
        alike = _between(context.real, context.real.labels, options.pairs, context)
        value, error = alike.value / unit.value, (alike.error or 0.0) / unit.value
        results["conditional_diversity_real"] = MetricResult(Estimate(value, error))
    return results


def _between(
    samples: SampleSet, labels: np.ndarray, limit: int, context: EvaluationContext
) -> Estimate:
    """Mean distance of pairs of one label."""
    pairs = pairs_within(labels, limit, context.seed)
    return mean_distance(*(context.scaled_rows(samples.take(rows)) for rows in pairs))


def _of_latent(diversity: Estimate) -> str:
    if diversity.value >= _IGNORED:
        return ""
    return (
        f"Samples of one condition differ {diversity.value:.3f} times as much as real ones do in "
        "all: the generator hardly uses its latent."
    )


def _one_at_a_time(alone: Mapping[str, float]) -> str:
    """What each of several conditions does while the others stay."""
    effects = ", ".join(f"{name} {value:.3f}" for name, value in alone.items())
    return f"changed alone: {effects}" if effects else ""


def _of_condition(effect: float, alone: Mapping[str, float]) -> str:
    if effect < _IGNORED:
        return (
            f"Samples of one seed under other conditions differ {effect:.3f} times as much as real "
            "ones: the generator hardly uses its condition."
        )
    ignored = [name for name, value in alone.items() if value < _IGNORED]
    if not ignored:
        return ""
    return (
        f"Samples of one seed under another {ignored[0]} alone differ {alone[ignored[0]]:.3f} "
        f"times as much as real ones: the generator hardly uses {' and '.join(ignored)}."
    )
