"""Packing: the layout, the judge's inputs, and what can no longer be asked."""

import numpy as np
import tensorflow as tf

from tests.trainer.game.wrappers.games import built
from trainer.game.wrappers.pack import packs

PACK = "wrappers=[{name: pack, samples: 4}]"


def test_neighbours_lie_side_by_side_in_the_last_axis():
    points = tf.reshape(tf.range(12), [6, 2])
    np.testing.assert_array_equal(packs(points, 3), [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]])
    pictures = tf.random.stateless_normal([4, 3, 5, 2], [1, 2])
    packed = packs(pictures, 2)
    assert packed.shape == (2, 3, 5, 4)
    for pack, member in np.ndindex(2, 2):
        np.testing.assert_array_equal(
            packed[pack, :, :, 2 * member : 2 * member + 2], pictures[2 * pack + member]
        )


def test_the_judge_sees_packs_of_samples_and_of_conditions_and_answers_one_logit_a_pack():
    made, batches = built("cgan-digits", PACK)
    shapes = {name: x.shape for name, x in made.gan.networks["discriminator"].input.items()}
    assert shapes == {"sample": (None, 8, 8, 4), "condition": (None, 40)}
    assert made.gan.networks["generator"].input["condition"].shape == (None, 10)
    outcome = made.gan.play(next(batches), tf.constant(0, tf.int64), _Looking())
    assert outcome.losses["discriminator_loss"].shape == (4,)
    assert outcome.losses["generator_loss"].shape == (4,)


class _Looking:
    """Updates that only look at what a turn gives."""

    def minimise(self, side, turn):
        return turn()


def test_a_pack_is_all_real_or_all_fake():
    """What the judge is given of the real examples are the batch's own, four at a time."""
    made, batches = built("mlp-ring", PACK)
    batch, shown = next(batches), []
    player = made.gan.players["discriminator"]
    ask = player.model.call
    player.model.call = lambda inputs, **kwargs: (
        shown.append(inputs["sample"]) or ask(inputs, **kwargs)
    )
    made.gan.play(batch, tf.constant(0, tf.int64), _Looking())
    from trainer.data import modalities

    seen = modalities.seen(batch["sample"][:, 0], made.gan.spec.fields["sample"])
    np.testing.assert_array_equal(shown[0], packs(seen, 4))
    assert [x.shape for x in shown] == [(4, 8)] * 3


def test_a_single_sample_cannot_be_scored():
    packed, _ = built("mlp-ring", PACK)
    plain, _ = built("mlp-ring")
    assert "score" in plain.live.signatures
    assert set(plain.live.signatures) - set(packed.live.signatures) == {"score"}
