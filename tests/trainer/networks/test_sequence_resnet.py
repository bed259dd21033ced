import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.fields import Field
from trainer.networks.ports import Ports
from trainer.networks.sequence_resnet import SequenceResNet

FAMILY = SequenceResNet(catalogue.SequenceResNet(filters=4, blocks=2))
SAMPLE = {"sample": Field((7, 5), kind="tokens")}
LATENT = {"latent": Field((3,), kind="latent")}
CONDITIONING = {"label": Field((2,), kind="one_hot")}
LATENTS = tf.random.stateless_normal([6, 3], [1, 2])


@pytest.mark.parametrize("conditioning", [{}, CONDITIONING])
def test_players_meet_at_distributions_over_symbols(conditioning):
    labels = {"label": tf.one_hot([0, 1, 0, 1, 0, 1], 2)} if conditioning else {}
    made = FAMILY.generator(Ports(LATENT | conditioning, SAMPLE))({"latent": LATENTS} | labels)[
        "sample"
    ]
    assert made.shape == (6, 7, 5) and made.dtype == tf.float32
    np.testing.assert_allclose(tf.reduce_sum(made, axis=2), np.ones((6, 7)), rtol=1e-5)
    assert float(tf.reduce_min(made)) > 0.0
    judge = FAMILY.discriminator(Ports(SAMPLE | conditioning, {"logits": Field()}))
    assert judge({"sample": made} | labels)["logits"].shape == (6,)


def test_a_generator_of_no_blocks_is_affine_and_softmax():
    options = catalogue.SequenceResNet(filters=2, blocks=1, residual=1e-30)
    model = SequenceResNet(options).generator(Ports(LATENT, SAMPLE))
    dense, *_, last = (layer.get_weights() for layer in model.layers if layer.get_weights())
    hidden = (LATENTS.numpy() @ dense[0] + dense[1]).reshape(6, 7, 2)
    logits = hidden @ last[0][0] + last[1]
    np.testing.assert_allclose(
        model({"latent": LATENTS})["sample"], tf.nn.softmax(logits), rtol=1e-4, atol=1e-6
    )


def test_the_judge_looks_at_one_sequence_and_at_every_place():
    judge = FAMILY.discriminator(Ports(SAMPLE, {"logits": Field()}))
    x = tf.one_hot([[0, 1, 2, 3, 4, 0, 1]] * 2, 5)
    together = judge({"sample": x})["logits"].numpy()
    assert together[0] == pytest.approx(together[1], rel=1e-6)
    with tf.GradientTape() as tape:
        tape.watch(x)
        logit = judge({"sample": x})["logits"][0]
    slope = tape.gradient(logit, x).numpy()
    assert (np.abs(slope[0]).sum(axis=1) > 0.0).all() and not slope[1].any()
