"""In every conditional recipe both players are given the same: a probe on each notes its inputs."""

import json

import numpy as np
import pytest

from tests.recipes import small
from trainer.config.recipe import load_experiment, recipe_names
from trainer.data import loading, pipeline
from trainer.game.assembly import assemble

# Terms that show the discriminator other captions beside an example's own.
_OF_OTHERS = ("matching_aware", "interpolation")
# Terms for which the discriminator has to guess, and what.
_GUESSED = {"classification": "condition", "regression": "attributes"}


class Probe:
    """A player that notes what it is given."""

    def __init__(self, player):
        self.player, self.heard = player, []

    def __call__(self, inputs, **options):
        known = self.player.known(inputs)
        self.heard.append({name: values.numpy() for name, values in known.items()})
        return self.player(inputs, **options)

    def __getattr__(self, name):
        return getattr(self.player, name)


def _conditional(name):
    experiment = load_experiment(name)
    # Who writes captions hears what an encoder reads of the picture (test_captioning).
    return experiment.condition.name != "none" and experiment.round.name != "captioning"


@pytest.mark.integration
@pytest.mark.parametrize("recipe", filter(_conditional, recipe_names()))
def test_both_players_are_told_the_same_unless_one_is_to_guess_it(recipe, tmp_path):
    """The discriminator also judges in the generator's turn; its weights stay, so captions do."""
    terms = [t.model_dump(mode="json") for t in small(recipe, tmp_path).terms]
    own = [term for term in terms if term["name"] not in _OF_OTHERS]
    experiment = small(recipe, tmp_path, f"terms={json.dumps(own)}", "wrappers=[]")
    dataset = loading.load(experiment.data)
    gan = assemble(experiment, dataset.spec).gan
    probed = ("generator", "discriminator")
    gan.players = {n: Probe(p) if n in probed else p for n, p in gan.players.items()}
    gan.updater.learners["discriminator"].optimizer.learning_rate.assign(0.0)
    by_category = gan.round.parts.condition.drawn_by
    batches = pipeline.batches(dataset.train, batch_size=16, seed=0, by_category=by_category)
    gan.train_step(next(iter(batches)))
    made, judged = (gan.players[name].heard for name in probed)
    assert len(made) >= 1 and len(judged) >= 3
    ports = gan.round.parts.condition.ports.keys()
    hidden = ports - gan.players["discriminator"].role.inputs.keys()
    assert hidden == ports & {_GUESSED.get(term["name"]) for term in own}
    for heard in (*made, *judged):
        for name in ports & heard.keys():
            np.testing.assert_array_equal(heard[name], made[0][name])
        assert ports - heard.keys() <= hidden
