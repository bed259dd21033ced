"""Residual players: where attention is, what a block adds, and what is normalised."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.catalogue import resolve
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.layers.attention import Attention, GatedSum
from trainer.layers.spectral import SpectralConv2D, SpectralDense
from trainer.networks.ports import Ports

PICTURE = {"sample": Field((16, 16, 1), kind="image")}
CONDITIONING = {"condition": Field((3,), kind="one_hot")}


def _players(**options):
    chosen = catalogue.SNGAN(base_filters=2, **options)
    family = resolve(chosen)(chosen)
    latent = {"latent": Field((4,), kind="latent")}
    made = family.generator(Ports({**latent, **CONDITIONING}, PICTURE))
    return made, family.discriminator(Ports({**PICTURE, **CONDITIONING}, {"logits": Field()}))


def test_every_layer_of_the_discriminator_is_spectral_and_none_of_the_generators():
    generator, discriminator = _players(attention=8)
    spectral = SpectralConv2D | SpectralDense
    assert not any(isinstance(layer, spectral) for layer in generator.layers)
    for layer in discriminator.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            assert isinstance(layer, spectral)


def test_a_label_steers_the_normalisations_and_is_projected():
    """Which start at one and zero: so samples differ once the steering weights have moved."""
    generator, discriminator = _players()
    rows = {"latent": tf.ones([2, 4]), "condition": tf.one_hot([0, 2], 3)}
    same = generator(rows, training=False)["sample"].numpy()
    np.testing.assert_allclose(same[0], same[1], atol=1e-6)
    weights = generator.trainable_variables
    steering = [v for v in weights if len(v.shape) == 2 and v.shape[0] == 3]
    assert len(steering) == 2 * 5  # Two layers a block of two blocks, and the last one.
    for variable in steering:
        variable.assign(tf.random.stateless_normal(variable.shape, [1, 2]))
    other = generator(rows, training=False)["sample"].numpy()
    assert not np.allclose(other[0], other[1])
    pictures = {"sample": tf.ones([2, 16, 16, 1]), "condition": rows["condition"]}
    logits = discriminator(pictures)["logits"].numpy()
    assert logits[0] != logits[1]


def test_attention_stands_at_the_stated_size_in_both_players():
    for model in _players(attention=8):
        (layer,) = (x for x in model.layers if isinstance(x, Attention))
        assert layer.output.shape[1:3] == (8, 8)
    with pytest.raises(ConfigError, match=r"network.attention: received 16, .* 16x16 .* 8, 4"):
        _players(attention=16)


def test_attention_is_the_softmax_of_queries_and_keys():
    random = np.random.default_rng(0)
    queries, keys, values = (random.normal(size=(2, 2, 3, n)).astype("float32") for n in (4, 4, 5))
    answers = Attention()([tf.constant(x) for x in (queries, keys, values)]).numpy()
    for row, j in np.ndindex(2, 6):
        q, k, h = (x[row].reshape(6, -1) for x in (queries, keys, values))
        weights = np.exp(k @ q[j])
        expected = (weights / weights.sum()) @ h
        np.testing.assert_allclose(answers[row].reshape(6, 5)[j], expected, rtol=1e-4)


def test_what_attends_comes_in_from_zero():
    layer, x, y = GatedSum(), tf.ones([2, 3]), tf.fill([2, 3], 4.0)
    with tf.GradientTape() as tape:
        summed = layer([x, y])
        total = tf.reduce_sum(summed)
    np.testing.assert_array_equal(summed, x)
    assert float(tape.gradient(total, layer.gate.value)) == 24.0
    layer.gate.assign(0.5)
    np.testing.assert_array_equal(layer([x, y]), 3.0 * x)


def test_a_block_without_weights_passes_on_what_it_was_given():
    """The identity path is a pooled picture through a convolution of single pixels."""
    options = catalogue.SNGAN(base_filters=2, discriminator_normalization="none", blocks=0)
    model = resolve(options)(options).discriminator(Ports(PICTURE, {"logits": Field()}))
    for variable in model.trainable_variables:
        side = variable.shape[0] if len(variable.shape) == 4 else 0
        variable.assign(tf.zeros(variable.shape) if side == 3 else tf.ones(variable.shape))
    x = np.random.default_rng(0).normal(size=(1, 16, 16, 1)).astype("float32")
    # Two halvings are means of 4x4 pixels, with biases of one on both paths of both blocks; then
    # four channels of sums over two, ReLU, the sum over places, and a last bias.
    means = x.reshape(4, 4, 4, 4).mean(axis=(1, 3))
    expected = 4.0 * np.maximum(2.0 * (means + 2.0) + 2.0, 0.0).sum() + 1.0
    np.testing.assert_allclose(model({"sample": x})["logits"], [expected], rtol=1e-5)
