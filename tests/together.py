"""A worker that plays recipes together with others: `python -m tests.together FOLDER < NAMES`.

Of each recipe every stage is entered and a step of it played; then all workers must have the same
bits. TF_CONFIG names the workers.
"""

import functools
import hashlib
import sys
import traceback
from pathlib import Path

import numpy as np

from tests.conftest import graphs_as_traced
from tests.recipes import small
from trainer.config.experiment import Devices
from trainer.data import loading, pipeline
from trainer.game.assembly import assemble, prepare
from trainer.run import distribution
from trainer.run.play import play_function
from trainer.run.workers import joined


def play(recipe, folder, workers):
    """Plays a little of a recipe and compares what came of it."""
    # One after the other, for they write the same files in the place of what must be fetched.
    for index in range(workers.size):
        with workers.together("make the recipe small"):
            if workers.index == index:
                folder.mkdir(parents=True, exist_ok=True)
                experiment = small(recipe, folder)
    dataset = loading.load(experiment.data)
    workers.agree_on(experiment, dataset.spec)
    prepare(experiment, dataset)
    strategy = workers.strategy
    with strategy.scope():
        game = assemble(experiment, dataset.spec, replicas=workers.size, examples=dataset.train)
        game.gan.begin(dataset.train)
    batches = functools.partial(
        pipeline.batches,
        dataset.train,
        batch_size=experiment.train.batch_size,
        turns=game.gan.round.turns,
        seed=experiment.seed,
        by_category=game.gan.round.parts.condition.drawn_by,
    )
    iterator = distribution.distributed(strategy, lambda share: batches(share=share))
    for stage in range(len(game.gan.round.stages()) + 1):
        if stage:
            game.gan.enter(stage)
        losses = play_function(game, strategy, False, stage)(1, iterator)
        assert np.isfinite(np.stack([*losses.values()])).all(), losses
        game.live.refresh()
    workers.agree({f"what came of {recipe}": _digest(game.gan)})


def _digest(gan):
    networks = (*gan.networks.values(), *gan.averages.values())
    variables = [v for network in networks for v in network.variables]
    variables += [v for optimizer in gan.optimizers.values() for v in optimizer.variables]
    digest = hashlib.sha256()
    for variable in variables:
        digest.update(np.asarray(variable).tobytes())
    return digest.hexdigest()


def main(folder):
    """Plays every recipe that the standard input names, and says of each how it went."""
    workers = joined(Devices(kind="cpu"))
    for recipe in map(str.strip, sys.stdin):
        try:
            with graphs_as_traced():
                play(recipe, Path(folder, recipe), workers)
            print(f"{recipe}: whole", flush=True)
        except Exception as error:
            traceback.print_exc()
            print(f"{recipe}: {error!r}".replace("\n", " "), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
