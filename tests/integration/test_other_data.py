"""Every kind of game on every kind of data: it is built, or refused in a sentence."""

import contextlib

import pytest

from trainer.config.experiment import Data
from trainer.config.recipe import load_experiment, recipe_names
from trainer.data import loading
from trainer.errors import ConfigError
from trainer.game.assembly import assemble

pytestmark = pytest.mark.integration

# Pictures, points, series, words, rows, molecules, clips, and pictures of two domains.
_SOURCES = (
    *("digits", "ring", "sines", "grammar", "loans", "molecules", "moving_digits"),
    "digit_domains",
)


def _kinds_of_games():
    """A recipe for each round with each choice of families."""
    found = {}
    for name in recipe_names():
        experiment = load_experiment(name)
        families = tuple(sorted((role, own.name) for role, own in experiment.networks.items()))
        found.setdefault((experiment.round.name, experiment.network.name, families), name)
    return sorted(found.values())


@pytest.fixture(scope="module")
def specs():
    return {source: loading.load(Data(source=source)).spec for source in _SOURCES}


@pytest.mark.parametrize("recipe", _kinds_of_games())
def test_a_game_is_built_or_refused_in_a_sentence(recipe, specs):
    built = []
    for source, spec in specs.items():
        with contextlib.suppress(ConfigError):
            overrides = (f"data.source={source}", "data.size=null", "data.channels=null")
            assemble(load_experiment(recipe, [*overrides, "data.flip=false"]), spec)
            built.append(source)
    own = load_experiment(recipe).data
    assert str(own.source) in built or str(own.source) not in specs or own.size
