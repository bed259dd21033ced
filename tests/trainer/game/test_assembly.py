"""A user's own components, of every kind, named by module and class."""

from typing import ClassVar

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from trainer.data import pipeline
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import Term
from trainer.game.assembly import assemble
from trainer.game.conditions.condition import Condition
from trainer.game.objectives import Objective
from trainer.game.priors import Part, Prior
from trainer.game.rounds.ordinary import Ordinary
from trainer.game.wrappers.wrapper import Wrapper


def own_objective(scale=1.0):
    return Objective(lambda real, fake: scale * (fake - real), lambda fake, real: -scale * fake)


def own_prior(size=3):
    part = Part("noise", "noise", 0, size)
    return Prior("zeros", (part,), lambda keys, n: tf.zeros([tf.shape(keys.low)[0], n]))


class OwnCondition(Condition):
    """Tells the brightness of the example."""

    ports: ClassVar = {"brightness": Field((1,))}

    def __init__(self, spec):
        pass

    def of_batch(self, batch):
        return {"brightness": tf.reduce_mean(batch["sample"], axis=[1, 2])}

    def draw(self, keys):
        return {}

    def encode(self, values):
        return {"brightness": tf.zeros([1, 1])}


class OwnTerm(Term):
    """Keeps logits small."""

    def __init__(self, parts, weight):
        self.weight = weight

    def discriminator(self, turn):
        return self.weight * tf.square(turn.real.logits)


class OwnRound(Ordinary):
    """The ordinary round with options of its own."""

    def __init__(self, parts, turns=1):
        options = tiny().round.model_copy(update={"discriminator_turns": turns})
        super().__init__(options, parts)


class OwnWrapper(Wrapper):
    """Shows the discriminator nothing but zeros."""

    def __init__(self, round, parts):
        super().__init__(None, round, parts)

    def play(self, players, batch, noise, updates):
        dark = {**batch, "sample": tf.zeros_like(batch["sample"])}
        return self.round.play(players, dark, noise, updates)


def _own(kind, **options):
    return {"name": f"{__name__}:{kind}", "options": options}


def _step(digits, **choices):
    overrides = [f"{name}={value}" for name, value in choices.items()]
    game = assemble(tiny("cgan-digits", "condition=none", *overrides), digits.spec)
    turns = game.gan.round.turns
    batches = pipeline.batches(digits.train, batch_size=16, turns=turns, seed=0)
    return game, game.gan.train_step(next(iter(batches)))


@pytest.mark.parametrize(
    ("choice", "name", "options"),
    [
        ("objective", "own_objective", {"scale": 2.0}),
        ("prior", "own_prior", {"size": 5}),
        ("round", "OwnRound", {"turns": 2}),
    ],
)
def test_each_kind_of_choice_may_be_a_users_own(digits, choice, name, options):
    game, values = _step(digits, **{choice: _own(name, **options)})
    assert all(np.isfinite(float(value)) for value in values.values())
    if choice == "prior":
        assert game.live.run("latents", {"seed": np.arange(2)})["latent"].tolist() == [[0] * 5] * 2
    if choice == "round":
        assert int(game.gan.optimizers["discriminator"].iterations) == 2


def test_each_kind_of_list_may_hold_a_users_own(digits):
    _, values = _step(digits, terms=[_own("OwnTerm", weight=0.5)], wrappers=[_own("OwnWrapper")])
    assert float(values[f"{__name__}:OwnTerm"]) >= 0.0
    _, dark = _step(digits, wrappers=[_own("OwnWrapper")], seed=0)
    _, light = _step(digits, seed=0)
    assert float(dark["real_logits"]) != float(light["real_logits"])


def test_a_users_own_condition_reaches_both_sides(digits):
    game, _ = _step(digits, condition=_own("OwnCondition"))
    for network in game.gan.players.values():
        assert "brightness" in network.names


def test_options_that_it_does_not_take_get_a_sentence(digits):
    with pytest.raises(ConfigError, match=r"own_objective: received options.*does not take"):
        _step(digits, objective=_own("own_objective", slope=1))
    with pytest.raises(ConfigError, match="cannot be imported"):
        _step(digits, objective=_own("nonesuch"))
