"""Conditions inside networks: conditional batch norm, projection and a hidden layer."""

import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.fields import Field
from trainer.networks.dcgan import DCGAN
from trainer.networks.heads import heads
from trainer.networks.ports import Ports

OPTIONS = catalogue.DCGAN(
    base_filters=4,
    discriminator_normalization="none",
    generator_conditioning="normalization",
    discriminator_conditioning="projection",
)
CONDITIONING = {"condition": Field((3,), kind="one_hot")}
SAMPLE = {"sample": Field((8, 8, 1), kind="image")}
LATENT = {"latent": Field((4,), kind="latent")}


def test_conditional_normalisation_starts_as_the_plain_one_and_learns_a_scale_a_class():
    generator = DCGAN(OPTIONS).generator(Ports(LATENT | CONDITIONING, SAMPLE))
    inputs = {"latent": tf.ones([2, 4]), "condition": tf.one_hot([0, 1], 3)}
    same = generator(inputs, training=False)["sample"].numpy()
    np.testing.assert_array_equal(same[0], same[1])
    modulating = [w for w in generator.trainable_variables if w.shape[0] == 3]
    # Two maps of the class for each of the two normalisations.
    assert len(modulating) == 4
    for weight in modulating:
        weight.assign(np.random.RandomState(0).standard_normal(weight.shape))
    other = generator(inputs, training=False)["sample"].numpy()
    assert not np.array_equal(other[0], other[1])


def test_the_projection_is_the_inner_product_with_the_embedded_class():
    x, conditioning = tf.keras.Input((5,)), tf.keras.Input((3,))
    plain = {"logits": Field()}
    model = tf.keras.Model([x, conditioning], heads(x, Ports({}, plain), conditioning))
    values = [tf.random.stateless_normal([4, 5], [1, 2]), tf.one_hot([0, 1, 2, 0], 3)]
    kernel, bias, embedding = sorted(
        model.get_weights(), key=lambda w: (w.shape != (5, 1), w.shape != (1,))
    )
    h, y = (v.numpy() for v in values)
    expected = (h @ kernel)[:, 0] + bias + np.sum((y @ embedding) * h, axis=1)
    np.testing.assert_allclose(model(values)["logits"], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("label", [0, 1])
def test_a_projecting_discriminator_hears_the_condition(label):
    discriminator = DCGAN(OPTIONS).discriminator(Ports(SAMPLE | CONDITIONING, {"logits": Field()}))
    picture = tf.random.stateless_normal([1, 8, 8, 1], [3, 4])
    conditioning = [tf.one_hot([number], 3) for number in (label, 2)]
    one, other = (
        float(discriminator({"sample": picture, "condition": y})["logits"][0]) for y in conditioning
    )
    assert one != other


def test_a_hidden_layer_behind_the_convolutions_tells_pictures_and_conditions_together():
    """What a condition changes depends on the picture; the convolutions see the picture alone."""
    options = OPTIONS.model_copy(update={"discriminator_conditioning": "hidden"})
    discriminator = DCGAN(options).discriminator(Ports(SAMPLE | CONDITIONING, {"logits": Field()}))
    kernels = [w for w in discriminator.trainable_variables if len(w.shape) == 4]
    assert kernels[0].shape[2] == 1
    pictures = 20.0 * tf.random.stateless_normal([2, 8, 8, 1], [3, 4])
    one, other = (
        discriminator({"sample": pictures, "condition": tf.one_hot([k, k], 3)})["logits"].numpy()
        for k in (0, 1)
    )
    changes = other - one
    assert np.abs(changes).min() > 0.0 and abs(changes[0] - changes[1]) > 1e-6


def test_a_hidden_layer_of_its_own_stands_before_the_heads():
    options = OPTIONS.model_copy(update={"discriminator_units": 7})
    ports = Ports(SAMPLE, {"logits": Field(), "class_logits": Field((3,))})
    weights = DCGAN(options).discriminator(ports).trainable_variables
    shapes = [tuple(w.shape) for w in weights if len(w.shape) == 2]
    assert sorted(shapes)[:2] == [(7, 1), (7, 3)] and sorted(shapes)[2][1] == 7
    encoder = DCGAN(options).encoder(ports)
    assert all(w.shape[-1] != 7 for w in encoder.trainable_variables)


@pytest.mark.parametrize("way", ["hidden", "projection"])
def test_a_head_reads_the_picture_alone(way):
    """What names a picture's class must not read it from the caption; the logit hears it."""
    options = OPTIONS.model_copy(update={"discriminator_conditioning": way})
    asked = {"logits": Field(), "class_logits": Field((5,), kind="head"), "vote": Field((2,))}
    discriminator = DCGAN(options).discriminator(Ports(SAMPLE | CONDITIONING, asked))
    picture = tf.random.stateless_normal([1, 8, 8, 1], [3, 4])
    one, other = (
        discriminator({"sample": picture, "condition": tf.one_hot([k], 3)}) for k in (0, 2)
    )
    np.testing.assert_array_equal(one["class_logits"], other["class_logits"])
    assert float(one["logits"][0]) != float(other["logits"][0])
    # What is no head is read of all that is known there.
    assert np.array_equal(one["vote"], other["vote"]) is (way == "projection")
