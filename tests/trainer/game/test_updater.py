"""From losses to updates: means, limits, and games small enough to look ahead by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.fields import Field
from trainer.game import optimizers
from trainer.game.players import Player
from trainer.game.roles import DISCRIMINATOR, GENERATOR, Role
from trainer.game.turns import Outcome
from trainer.game.updater import Learner, Updater, global_total

SGD = catalogue.SGD(learning_rate=0.25)


def scalar(value, side):
    """A player whose answer is its only weight."""
    x = keras.Input((1,), name="x")
    model = keras.Model({"x": x}, {"y": keras.layers.Dense(1, use_bias=False)(x)})
    model.set_weights([np.array([[value]], "float32")])
    return Player(model, Role(side, side, {"x": Field((1,))}, {"y": Field((1,))}))


def game(d=2.0, g=-1.0, discriminator=SGD, generator=None):
    """Two players of one weight each, and who moves them."""
    players = {DISCRIMINATOR: scalar(d, DISCRIMINATOR), GENERATOR: scalar(g, GENERATOR)}
    rules = {
        DISCRIMINATOR: discriminator,
        GENERATOR: generator or catalogue.SGD(learning_rate=1.0),
    }
    learners = {}
    for side, options in rules.items():
        optimizer = optimizers.make(options)
        learners[side] = Learner(
            [players[side]],
            optimizer,
            optimizers.rule(options),
            options.clip_norm,
            options.clip_weights,
        )
        optimizer.build(learners[side].variables)
    return players, Updater(learners)


def says(player):
    """The player's weight where it stands now, float32 [1]."""
    return player({"x": tf.ones([1, 1])})["y"][:, 0]


def weight(player):
    return float(player.model.trainable_variables[0].numpy()[0, 0])


def chasing(players):
    """The discriminator's turn ½(d - g)², which leads it to g."""
    return lambda: Outcome(
        {"loss": 0.5 * tf.square(says(players[DISCRIMINATOR]) - says(players[GENERATOR]))}
    )


def test_losses_of_different_lengths_each_have_their_own_mean():
    losses = {"examples": tf.constant([1.0, 2.0, 6.0]), "packs": tf.constant([10.0])}
    losses |= {"patches": tf.constant([[1.0, 3.0], [5.0, 7.0]])[:, 0]}
    assert float(global_total(Outcome(losses))) == pytest.approx(3.0 + 10.0 + 3.0)


def test_weights_are_clipped_behind_the_step():
    """From 2 the step leads to 1.25, which lies beyond the limit."""
    players, updater = game(discriminator=SGD.model_copy(update={"clip_weights": 0.5}))
    updater.minimise(DISCRIMINATOR, chasing(players))
    assert weight(players[DISCRIMINATOR]) == 0.5
    assert weight(players[GENERATOR]) == -1.0


def test_a_turn_gives_what_was_before_the_step():
    players, updater = game()
    outcome = updater.minimise(DISCRIMINATOR, chasing(players))
    assert float(outcome.losses["loss"][0]) == pytest.approx(4.5)
    assert weight(players[DISCRIMINATOR]) == pytest.approx(2.0 - 0.25 * 3.0)


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_looking_ahead_is_the_closed_form_on_a_quadratic_game(steps):
    """From d by gradient steps of rate η on ½(d - g)²: g + (1 - η)^K (d - g)."""
    players, updater = game()
    start = updater.position(DISCRIMINATOR)
    updater.minimise(DISCRIMINATOR, chasing(players))
    here = weight(players[DISCRIMINATOR])
    g = players[GENERATOR].model.trainable_variables[0].value
    with (
        tf.GradientTape() as tape,
        updater.lookahead(DISCRIMINATOR, chasing(players), steps, start),
    ):
        ahead = says(players[DISCRIMINATOR])
    left = 0.75**steps
    np.testing.assert_allclose(ahead, [-1.0 + left * 3.0], rtol=1e-6)
    gradient = tape.gradient(ahead, g, unconnected_gradients="zero")
    np.testing.assert_allclose(gradient, [[1.0 - left]], rtol=1e-6, atol=1e-7)
    # Outside it stands where its own step had brought it.
    assert (
        weight(players[DISCRIMINATOR])
        == here
        == pytest.approx(float(says(players[DISCRIMINATOR])[0]))
    )


@pytest.mark.parametrize(
    "options",
    [
        catalogue.Adam(learning_rate=0.1),
        catalogue.RMSprop(learning_rate=0.1, momentum=0.5),
        catalogue.SGD(learning_rate=0.1, momentum=0.9, nesterov=True),
        catalogue.SGD(learning_rate=0.5, clip_norm=0.7),
        catalogue.SGD(learning_rate=0.5, clip_weights=0.5),
    ],
    ids=["adam", "rmsprop", "nesterov", "clipped", "clipped weights"],
)
def test_looking_ahead_is_playing_on(options):
    """Where it leads is where real steps lead, and its slope that of real steps."""

    def played(g):
        """Three steps against g from where a first one against -1 leads, slots included."""
        players, updater = game(discriminator=options)
        updater.minimise(DISCRIMINATOR, chasing(players))
        players[GENERATOR].model.set_weights([np.array([[g]], "float32")])
        for _ in range(3):
            updater.minimise(DISCRIMINATOR, chasing(players))
        return weight(players[DISCRIMINATOR])

    players, updater = game(discriminator=options)
    updater.minimise(DISCRIMINATOR, chasing(players))
    start = updater.position(DISCRIMINATOR)
    g = players[GENERATOR].model.trainable_variables[0].value
    with tf.GradientTape() as tape, updater.lookahead(DISCRIMINATOR, chasing(players), 3, start):
        ahead = says(players[DISCRIMINATOR])
    assert float(ahead[0]) == pytest.approx(played(-1.0), rel=1e-5)
    slope = (played(-0.99) - played(-1.01)) / 0.02
    gradient = tape.gradient(ahead, g, unconnected_gradients="zero")
    assert float(gradient[0, 0]) == pytest.approx(slope, rel=2e-2, abs=2e-3)


def test_what_is_played_without_trace_leaves_none():
    players, updater = game()
    inside = []

    def turn():
        with updater.without_trace():
            inside.append(updater.minimise(DISCRIMINATOR, chasing(players)))
        return Outcome({"loss": says(players[GENERATOR])})

    updater.minimise(GENERATOR, turn)
    assert weight(players[DISCRIMINATOR]) == pytest.approx(1.25)
    assert weight(players[GENERATOR]) == pytest.approx(-2.0)


def crossing(players):
    """Both sides' turn at once, of min_g max_d g d."""

    def turn():
        d, g = says(players[DISCRIMINATOR]), says(players[GENERATOR])
        return {DISCRIMINATOR: Outcome({"d": -d * g}), GENERATOR: Outcome({"g": d * g})}

    return turn


HALF = catalogue.SGD(learning_rate=0.5)


def test_together_both_sides_move_from_where_they_were():
    """D + η g and g - η d, both of (2, -1); one after the other g would see the new d."""
    players, updater = game(discriminator=HALF, generator=HALF)
    outcome = updater.minimise_together(crossing(players))
    assert weight(players[DISCRIMINATOR]) == pytest.approx(2.0 - 0.5)
    assert weight(players[GENERATOR]) == pytest.approx(-1.0 - 1.0)
    assert {n: float(v[0]) for n, v in outcome.losses.items()} == {"d": 2.0, "g": -2.0}


@pytest.mark.parametrize("clip", [{}, {"clip_norm": 0.6}, {"clip_weights": 1.6}])
def test_extra_gradient_moves_by_the_gradient_of_where_it_would_be(clip):
    """From ω by F at ω - η F(ω), in which both sides have moved; limits hold both times."""
    options = HALF.model_copy(update=clip)
    players, updater = game(discriminator=options, generator=options)

    def moved(d, g, by_d, by_g):
        """(d, g) by the gradients of F, under the limits."""
        norm, limit = clip.get("clip_norm", 1e9), clip.get("clip_weights", 1e9)
        steps = [np.clip(x, -norm, norm) for x in (by_d, by_g)]
        return [np.clip(w - 0.5 * s, -limit, limit) for w, s in zip((d, g), steps, strict=True)]

    d, g = moved(2.0, -1.0, 1.0, 2.0)
    d, g = moved(2.0, -1.0, -g, d)
    turn = crossing(players)

    def ahead():
        with updater.extrapolated(turn):
            return turn()

    updater.minimise_together(ahead)
    assert weight(players[DISCRIMINATOR]) == pytest.approx(d, rel=1e-6)
    assert weight(players[GENERATOR]) == pytest.approx(g, rel=1e-6)


@pytest.mark.parametrize("options", [catalogue.Adam(learning_rate=0.1), HALF])
def test_extrapolating_leaves_neither_side_nor_its_optimizer_moved(options):
    players, updater = game(discriminator=options, generator=options)
    before = [updater.position(side) for side in (DISCRIMINATOR, GENERATOR)]
    seen = []

    def ahead():
        with updater.extrapolated(crossing(players)):
            seen.append((float(says(players[DISCRIMINATOR])[0]), weight(players[DISCRIMINATOR])))
        return Outcome({"nothing": 0.0 * says(players[GENERATOR])})

    updater.minimise(GENERATOR, ahead)
    after = updater.position(DISCRIMINATOR)
    np.testing.assert_array_equal(before[0].weights[0], after.weights[0])
    for a, b in zip(before[0].slots, after.slots, strict=True):
        np.testing.assert_array_equal(a, b)
    assert int(after.iterations) == 0
    assert seen[0][0] != seen[0][1] == 2.0
