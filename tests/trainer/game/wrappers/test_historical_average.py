"""Averages against numpy's own, and the force that they exert."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.wrappers.games import built
from trainer.run.checkpoints import Checkpoints

WRAPPERS = "wrappers=[{name: historical_average, weight: 0.25}]"
GAME = ("mlp-ring", "network.units=[3]", WRAPPERS)
SIDES = ("generator", "discriminator")


def _weights(gan):
    return {
        side: [v.numpy().copy() for v in gan.networks[side].trainable_variables] for side in SIDES
    }


def _averages(gan, side):
    state = gan.round.state
    names = [name for name in state if name.startswith(f"historical_{side}")]
    return [state[name].numpy() for name in names]


def _distance(one, other):
    return 0.25 * sum(np.sum((a - b) ** 2) for a, b in zip(one, other, strict=True))


def test_each_side_pays_for_its_distance_from_the_mean_of_its_earlier_weights():
    made, batches = built(*GAME)
    passed = []
    for _ in range(4):
        before = _weights(made.gan)
        logs = made.gan.train_step(next(batches))
        for side in SIDES:
            earlier = [np.mean(x, axis=0) for x in zip(*(w[side] for w in passed), strict=True)]
            # The generator plays against a discriminator that has moved, but pays for itself.
            expected = _distance(before[side], earlier) if passed else 0.0
            assert float(logs[f"{side}_history"]) == pytest.approx(expected, rel=1e-4, abs=1e-12)
        passed.append(_weights(made.gan))
    assert expected > 0.0
    for side in SIDES:
        for average, weights in zip(
            _averages(made.gan, side), zip(*(w[side] for w in passed), strict=True), strict=True
        ):
            np.testing.assert_allclose(average, np.mean(weights, axis=0), rtol=1e-5, atol=1e-7)


def test_its_gradient_leads_back_to_the_average():
    """2 λ (θ - mean), beside the gradient of the plain game."""
    gradients = []
    for wrappers in (WRAPPERS, "wrappers=[]"):
        made, batches = built(*GAME, wrappers)
        if made.gan.round.state:
            made.gan.round.state["historical_steps"].assign(1)
        found = {}

        class Updates:
            def minimise(self, side, turn, gan=made.gan, found=found):
                weights = [v.value for v in gan.networks[side].trainable_variables]
                with tf.GradientTape() as tape:
                    outcome = turn()
                    total = tf.add_n([tf.reduce_mean(x) for x in outcome.losses.values()])
                found[side] = tape.gradient(total, weights)
                return outcome

            position = lookahead = None

        made.gan.play(next(batches), tf.constant(0, tf.int64), Updates())
        gradients.append(found)
    for side in SIDES:
        for drawn, plain, weight in zip(
            gradients[0][side], gradients[1][side], _weights(made.gan)[side], strict=True
        ):
            np.testing.assert_allclose(drawn - plain, 2 * 0.25 * weight, rtol=1e-4, atol=1e-6)


@pytest.mark.integration
def test_a_side_that_looks_ahead_feels_it_too():
    """Unrolled around it or within it, the generator meets the same future."""
    played = []
    for order in ("{name: unroll, steps: 2}, {name: historical_average, weight: 0.25}", None):
        order = order or "{name: historical_average, weight: 0.25}, {name: unroll, steps: 2}"
        made, batches = built(
            "mlp-ring", "network={name: mlp, units: [3], activation: tanh}", f"wrappers=[{order}]"
        )
        for _ in range(2):
            made.gan.train_step(next(batches))
        played.append(_weights(made.gan))
    for side in SIDES:
        for a, b in zip(*(p[side] for p in played), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_a_resumed_run_remembers(tmp_path):
    made, batches = built(*GAME)
    for _ in range(3):
        made.gan.train_step(next(batches))
    Checkpoints(made, str(tmp_path)).save()
    again, _ = built(*GAME)
    assert Checkpoints(again, str(tmp_path)).restore() == 3
    assert int(again.gan.round.state["historical_steps"]) == 3
    for name, variable in made.gan.round.state.items():
        np.testing.assert_array_equal(variable.numpy(), again.gan.round.state[name].numpy())
