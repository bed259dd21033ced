"""Tiny games for tests of wrappers: a few steps of a recipe, and what became of them."""

from tests.conftest import tiny
from trainer.data import loading, pipeline
from trainer.game.assembly import assemble


def built(recipe, *overrides):
    """A tiny game with its endless batches."""
    experiment = tiny(recipe, *overrides)
    data = loading.load(experiment.data)
    game = assemble(experiment, data.spec, examples=data.train)
    batches = pipeline.batches(
        data.train,
        batch_size=experiment.train.batch_size,
        turns=game.gan.round.turns,
        seed=experiment.seed,
    )
    return game, iter(batches)


def weights(gan, *names):
    """Copies of the weights of networks, by default of all."""
    names = names or tuple(gan.networks)
    return [v.numpy().copy() for name in names for v in gan.networks[name].variables]
