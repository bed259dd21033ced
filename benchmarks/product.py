"""What a training run does between two events, as a contender."""

from collections.abc import Callable
from typing import Any


def played(experiment: Any, dataset: Any, steps: int) -> Callable[[], None]:
    """`steps` steps by the run's own function and pipeline, with its look at every value."""
    return assembled(experiment, dataset, steps)[1]


def assembled(experiment: Any, dataset: Any, steps: int) -> tuple[Any, Callable[[], None]]:
    """A game, and what plays `steps` steps of it as `played` does."""
    import numpy as np

    from trainer.data import pipeline
    from trainer.game.assembly import assemble
    from trainer.run import distribution
    from trainer.run.play import play_function

    strategy = distribution.strategy_for(experiment.devices)
    game = assemble(experiment, dataset.spec)
    batches = iter(
        pipeline.batches(
            dataset.train,
            batch_size=experiment.train.batch_size,
            turns=game.gan.round.turns,
            seed=experiment.seed,
        )
    )
    compiled = distribution.compile_with_xla(experiment.devices, strategy)
    block = experiment.devices.steps_per_execution
    play = play_function(game, strategy, compiled)

    def work() -> None:
        for _ in range(steps // block):
            for values in play(block, batches).values():
                assert np.isfinite(values.numpy()).all()

    return game, work
