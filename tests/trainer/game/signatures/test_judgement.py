"""What a discriminator can be asked."""

import numpy as np
import pytest

from tests.trainer.game.wrappers.games import built

MLP = "network={name: mlp, units: [8]}"
GAMES = {
    "classification": ("cgan-digits", "terms=[classification]"),
    "semi-supervised": ("semi-digits",),
}


@pytest.mark.parametrize("name", GAMES)
def test_a_discriminator_with_class_logits_classifies(name):
    game, batches = built(*GAMES[name], MLP)
    game.gan.train_step(next(batches))
    game.live.refresh()
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)
    answer = game.live.run("classify", {"image": images})
    assert answer["logits"].shape == (5, 10) and answer["label"].dtype == np.int64
    np.testing.assert_array_equal(answer["label"], answer["logits"].argmax(axis=1))
    seen = {"sample": images.astype("float32") / 127.5 - 1.0}
    logits = game.gan.networks["discriminator"](seen, training=False)["class_logits"]
    np.testing.assert_allclose(answer["logits"], logits, atol=1e-5)
    label = game.live.signatures["classify"].outputs["label"]
    assert label.names == tuple("0123456789")
    assert set(game.live.signatures["classify"].inputs) == {"image"}


def test_one_without_does_not():
    game, _ = built("dcgan-digits", MLP)
    assert "score" in game.live.signatures and "classify" not in game.live.signatures
