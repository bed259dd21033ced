"""How much of a model's plans can be carried out."""

import numpy as np

from trainer import catalogue
from trainer.data.rooms import World
from trainer.errors import MetricError
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults
from trainer.metrics.estimate import Estimate
from trainer.metrics.plans import share, walkable


def feasibility(options: catalogue.Feasibility, context: EvaluationContext) -> MetricResults:
    """Shares of transitions, of plans and of plans round walls that can be walked.

    Start and goal are real observations, two by two.

    Raises:
        MetricError: where the world is not known.
    """
    about = context.spec.sample.about
    if "map" not in about:
        raise MetricError("it needs a world whose map is known; give data.source=rooms.")
    world, count = World(about["map"]), min(options.plans, context.real.count // 2)
    if not count:
        raise MetricError("it needs two real observations at least; give more of them.")
    ends = context.real.take(np.arange(2 * count)).reshape(count, 2, *world.shape)
    seeds = context.first_seed + np.arange(count)
    given = {"start": ends[:, 0], "goal": ends[:, 1], "seed": seeds}
    clips = context.generator.translate("plan", given)
    cells = np.stack([world.read(clip) for clip in clips])
    found = walkable(cells, world.steps)
    results = {
        "feasible_transitions": MetricResult(
            Estimate(found.moves), f"{found.rests:.0%} of all transitions rest"
        ),
        "feasible_plans": MetricResult(share(found.whole)),
    }
    detours = world.detours(cells[:, 0], cells[:, -1])
    if detours.any():
        note = f"{detours.sum()} of {count} plans"
        results["feasible_detours"] = MetricResult(share(found.whole[detours]), note)
    return results
