"""How far a game is from its equilibrium."""

from trainer import catalogue
from trainer.errors import MetricError
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.results import MetricResult, MetricResults


def duality_gap(options: catalogue.DualityGap, context: EvaluationContext) -> MetricResults:
    """What each player would gain by playing on against the frozen other."""
    from trainer.evaluation import adversaries

    target = context.target
    if target.game is None:
        raise MetricError("it needs a game.")
    found = adversaries.duality_gap(
        target.experiment,
        target.game,
        context.reference.dataset,
        steps=options.steps,
        seed=context.seed,
    )
    # Gaps of different objectives have different units.
    variant = target.experiment.objective.name
    note = f"after {options.steps} steps of each"
    return {"duality_gap": MetricResult(found, note, variant=variant)}
