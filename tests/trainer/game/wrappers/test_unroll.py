"""Unrolled games, by hand where they are quadratic and by finite differences where not."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.test_updater import chasing, game, says, weight
from tests.trainer.game.wrappers.games import built, weights
from trainer import catalogue
from trainer.game.roles import DISCRIMINATOR, GENERATOR
from trainer.game.rounds.round import Round
from trainer.game.turns import Outcome
from trainer.game.wrappers.unroll import Unroll

STILL = "{name: sgd, learning_rate: 1.0}"


class Quadratic(Round):
    """The discriminator chases g by ½(d - g)²; the generator minimises d·g."""

    def play(self, players, batch, noise, updates):
        def turn():
            product = says(players[DISCRIMINATOR]) * says(players[GENERATOR])
            return Outcome({"product": product})

        judged = updates.minimise(DISCRIMINATOR, chasing(players))
        return judged | updates.minimise(GENERATOR, turn)


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_a_quadratic_game_is_played_as_by_hand(steps):
    """D = 2, g = -1, η = ¼: K steps from d lead to d_K = g + (1 - η)^K (d - g).

    The generator's gradient of d_K·g is d_K + g (1 - (1 - η)^K). With K = 0 the discriminator
    stands where its own step has brought it, for that is the plain game.
    """
    players, updater = game()
    outcome = Unroll(catalogue.Unroll(steps=steps), Quadratic(None, None), None).play(
        players, {}, None, updater
    )
    left = 0.75**steps if steps else 0.75
    ahead = -1.0 + left * 3.0
    slope = 1.0 - left if steps else 0.0
    assert weight(players[DISCRIMINATOR]) == pytest.approx(2.0 - 0.25 * 3.0)
    assert weight(players[GENERATOR]) == pytest.approx(-1.0 - (ahead - slope))
    assert float(outcome.losses["loss"][0]) == pytest.approx(4.5)
    assert float(outcome.losses["product"][0]) == pytest.approx(-ahead)


def test_looking_no_step_ahead_is_the_plain_game_bit_for_bit():
    played = []
    for wrappers in ("[]", "[{name: unroll, steps: 0}]"):
        made, batches = built("mlp-ring", f"wrappers={wrappers}")
        for _ in range(3):
            made.gan.train_step(next(batches))
        played.append(weights(made.gan))
    for plain, unrolled in zip(*played, strict=True):
        np.testing.assert_array_equal(plain, unrolled)


def test_the_discriminator_takes_one_ordinary_step_and_the_generator_another_one():
    played = []
    for wrappers in ("[]", "[{name: unroll, steps: 3}]"):
        made, batches = built("mlp-ring", f"wrappers={wrappers}")
        made.gan.train_step(next(batches))
        assert int(made.gan.optimizers["discriminator"].iterations) == 1
        played.append((weights(made.gan, "discriminator"), weights(made.gan, "generator")))
    for plain, unrolled in zip(played[0][0], played[1][0], strict=True):
        np.testing.assert_array_equal(plain, unrolled)
    gaps = [np.abs(a - b).max() for a, b in zip(played[0][1], played[1][1], strict=True)]
    assert max(gaps) > 1e-6


class _Recorder:
    """Updates that move nobody and keep the turns."""

    def __init__(self):
        self.turns = {}

    def minimise(self, side, turn):
        self.turns[side] = turn
        return Outcome()


def test_its_gradient_agrees_with_finite_differences_of_a_whole_game():
    """Of the generator's loss behind K real steps of the discriminator on the turn's batch."""
    sgd = "{name: sgd, learning_rate: 0.3}"
    overrides = [f"optimizers.discriminator={sgd}", f"optimizers.generator={STILL}"]
    # At a kink of a ReLU the discriminator's own gradient jumps.
    overrides += ["network.activation=tanh"]
    made, batches = built("mlp-ring", *overrides, "wrappers=[{name: unroll, steps: 4}]")
    batch, gan = next(batches), made.gan
    start = {name: weights(gan, name) for name in gan.networks}
    gan.train_step(batch)
    gradient = [a - b for a, b in zip(start["generator"], weights(gan, "generator"), strict=True)]
    plain, _ = built("mlp-ring", *overrides)

    def loss(share):
        for name, values in start.items():
            moved = share if name == "generator" else 0.0
            steps = gradient if name == "generator" else values
            plain.gan.networks[name].set_weights(
                [v + moved * g for v, g in zip(values, steps, strict=True)]
            )
        recorder = _Recorder()
        plain.gan.play(batch, tf.constant(0, tf.int64), recorder)
        for _ in range(4):
            plain.gan.updater.minimise(DISCRIMINATOR, recorder.turns[DISCRIMINATOR])
        return float(tf.reduce_mean(recorder.turns[GENERATOR]().losses["generator_loss"]))

    squared = sum(float(np.sum(g * g)) for g in gradient)
    h = 0.02 / np.sqrt(squared)
    assert (loss(h) - loss(-h)) / (2 * h) == pytest.approx(squared, rel=1e-2)
