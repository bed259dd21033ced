"""Both players at once: the arithmetic of one pass, and what it shares with the other rounds."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.wrappers.games import built, weights

SGD = (
    "network={name: mlp, units: [8]}",
    "optimizers.generator={name: sgd, learning_rate: 0.1}",
    "optimizers.discriminator={name: sgd, learning_rate: 0.1}",
    "round=simultaneous",
)


class _Looking:
    """Updates that only look at what a turn gives."""

    def __init__(self):
        self.outcomes = {}

    def minimise_together(self, turn):
        self.outcomes = turn()
        return self.outcomes["discriminator"] | self.outcomes["generator"]


def test_each_side_moves_by_its_own_loss_of_the_same_pass():
    """Against gradients of the same losses taken outside, one side after the other."""
    made, batches = built("cgan-digits", *SGD)
    gan, batch = made.gan, next(batches)
    expected = {}
    for side in ("discriminator", "generator"):
        looking, variables = _Looking(), gan.networks[side].trainable_variables
        with tf.GradientTape() as tape:
            gan.play(batch, tf.constant(0, tf.int64), looking)
            loss = tf.reduce_mean(looking.outcomes[side].losses[f"{side}_loss"])
        gradients = tape.gradient(loss, [v.value for v in variables])
        expected[side] = [v.numpy() - 0.1 * g for v, g in zip(variables, gradients, strict=True)]
    logs = gan.train_step(batch)
    for side, values in expected.items():
        moved = weights(gan, side)
        assert any(not np.allclose(v, 0.0) for v in values)
        for one, other in zip(moved, values, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert {"discriminator_loss", "generator_loss", "D(x)"} <= set(logs)


def test_the_generators_statistics_move_once_and_the_discriminators_on_real_and_fake():
    made, batches = built("dcgan-digits", "round=simultaneous", "network.kernel_size=2")
    called = []
    for name, player in made.gan.players.items():
        ask = player.model.call

        def noted(inputs, name=name, ask=ask, **kwargs):
            called.append(name)
            return ask(inputs, **kwargs)

        player.model.call = noted
    moments = {
        name: [v for v in model.non_trainable_variables if "moving_mean" in v.path]
        for name, model in made.gan.networks.items()
    }
    assert all(moments.values())
    made.gan.train_step(next(batches))
    assert called == ["generator", "discriminator", "discriminator"]
    assert all(np.any(v.numpy()) for values in moments.values() for v in values)


@pytest.mark.parametrize(
    "wrappers",
    ["[]", "[augment, extragradient]", "[instance_noise, historical_average]", "[{name: pack}]"],
)
def test_wrappers_and_penalties_go_with_it(wrappers):
    made, batches = built(
        "cgan-digits", *SGD, f"wrappers={wrappers}", "penalties=[r1, {name: gradient_penalty}]"
    )
    logs = made.gan.train_step(next(batches))
    assert {"r1", "gradient_penalty"} <= set(logs)
    assert all(np.isfinite(tf.convert_to_tensor(v)).all() for v in logs.values())
