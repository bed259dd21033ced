"""Discriminators that look at a sample's neighbours, and what can then not be asked."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.wrappers.games import built
from trainer import catalogue
from trainer.catalogue import resolve
from trainer.fields import Field
from trainer.networks.ports import Ports

KINDS = ("minibatch", "distances", "deviation")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "family",
    [
        catalogue.MLP(units=(6,)),
        catalogue.DCGAN(base_filters=2),
        catalogue.Progressive(base_filters=2),
        catalogue.StyleGAN2(base_filters=2),
    ],
)
def test_what_is_said_of_a_sample_depends_on_its_group_alone(family, kind):
    options = family.model_copy(
        update={
            "discriminator_batch_features": kind,
            "discriminator_group": 4,
        }
    )
    if hasattr(options, "discriminator_normalization"):
        options = options.model_copy(update={"discriminator_normalization": "none"})
    fields = {"sample": Field((8, 8, 1), kind="image")}
    model = resolve(options)(options).discriminator(Ports(fields, {"logits": Field()}))
    x = np.random.default_rng(0).normal(size=(8, 8, 8, 1)).astype(np.float32)
    logits = model({"sample": x})["logits"].numpy()
    changed = x.copy()
    changed[1] = x[2]
    others = model({"sample": changed})["logits"].numpy()
    assert logits.shape == (8,) and (logits[:4] != others[:4]).all()
    np.testing.assert_array_equal(logits[4:], others[4:])


def test_the_deviation_goes_with_gradient_penalties_as_its_authors_play_it():
    options = ["discriminator_batch_features: deviation", "discriminator_group: 4"]
    network = "{name: progressive, base_filters: 2, smallest: 4, " + ", ".join(options) + "}"
    game, batches = built("progressive-digits", f"network={network}", "train.batch_size=8")
    logs = game.gan.train_step(next(batches))
    assert np.isfinite(float(logs["r1"])) and "score" not in game.live.signatures


def test_a_game_has_no_score_then():
    compared, batches = built("mlp-ring", "network.discriminator_batch_features=minibatch")
    plain, _ = built("mlp-ring")
    assert set(plain.live.signatures) - set(compared.live.signatures) == {"score"}
    logs = compared.gan.train_step(next(batches))
    assert all(np.isfinite(tf.convert_to_tensor(v)).all() for v in logs.values())
