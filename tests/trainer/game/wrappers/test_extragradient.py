"""Extra-gradient of a whole game: two passes, and both move by the second."""

import numpy as np
import tensorflow as tf

from tests.trainer.game.wrappers.games import built, weights

OPTIONS = (
    "network={name: mlp, units: [6], activation: tanh}",
    "optimizers.generator={name: sgd, learning_rate: 0.3}",
    "optimizers.discriminator={name: sgd, learning_rate: 0.3}",
    "round=simultaneous",
)


def test_a_step_is_the_plain_step_at_the_point_that_a_plain_step_leads_to():
    """ω - η F(ω'): with plain steps p from ω to ω' and q from ω' on, ω + (q - ω')."""
    extra, batches = built("mlp-ring", *OPTIONS, "wrappers=[extragradient]")
    plain, _ = built("mlp-ring", *OPTIONS)
    batch = next(batches)
    start = weights(plain.gan)
    plain.gan.train_step(batch)
    there = weights(plain.gan)
    plain.gan.step.assign(0)
    plain.gan.train_step(batch)
    further = weights(plain.gan)
    extra.gan.train_step(batch)
    for w, w1, w2, moved in zip(start, there, further, weights(extra.gan), strict=True):
        np.testing.assert_allclose(moved, w + (w2 - w1), rtol=1e-4, atol=1e-6)
    assert any(not np.allclose(a, b) for a, b in zip(there, weights(extra.gan), strict=True))


def test_the_ring_comes_nearer_to_the_centre_of_a_bilinear_game():
    """The closed form of min_x max_y x y: |ω|² shrinks by 1 - η² + η⁴ a step."""
    from tests.trainer.game.test_updater import HALF, crossing, game, weight

    players, updater = game(d=1.0, g=0.5, discriminator=HALF, generator=HALF)
    turn = crossing(players)

    def ahead():
        with updater.extrapolated(turn):
            return turn()

    for _ in range(5):
        updater.minimise_together(ahead)
    squared = sum(weight(player) ** 2 for player in players.values())
    np.testing.assert_allclose(squared, 1.25 * (1.0 - 0.25 + 0.0625) ** 5, rtol=1e-5)


def test_statistics_move_in_the_pass_from_here():
    made, batches = built("dcgan-digits", "round=simultaneous", "wrappers=[extragradient]")
    made.gan.train_step(next(batches))
    for model in made.gan.networks.values():
        moments = [v for v in model.non_trainable_variables if "moving_mean" in v.path]
        assert moments and all(np.any(tf.convert_to_tensor(v)) for v in moments)
