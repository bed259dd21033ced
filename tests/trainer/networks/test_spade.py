"""Spatially adaptive normalisation, and the generator that is made of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.catalogue import resolve
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.networks.conditioning import normalize
from trainer.networks.ports import Ports
from trainer.networks.spade import spatially_adaptive

PORTS = Ports({}, {})
CLASSES = 3
MAP = Field((9, 6, CLASSES), kind="label_map")


def _model(function):
    """Of features [b, 4, 5, 2] and a map [b, 4, 5, 3]."""
    x, conditioning = keras.Input((4, 5, 2)), keras.Input((4, 5, CLASSES))
    return keras.Model([x, conditioning], function(x, conditioning))


def _constant(number, rows=2):
    return tf.fill([rows, 4, 5, 1], 1.0) * tf.one_hot(number, CLASSES)


FEATURES = tf.random.stateless_normal([2, 4, 5, 2], [1, 2]) * 3.0 + 1.0


@pytest.mark.parametrize(("kind", "axes"), [("batch", (0, 1, 2)), ("instance", (1, 2))])
def test_without_scale_and_offset_it_is_the_plain_normalisation(kind, axes):
    model = _model(lambda x, conditioning: spatially_adaptive(x, conditioning, 4, kind, PORTS))
    for layer in model.layers:
        if "conv" in layer.name:
            layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    made = model([FEATURES, _constant(0)], training=True)
    x = FEATURES.numpy()
    mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    np.testing.assert_allclose(made, (x - mean) / np.sqrt(variance + 1e-5), atol=1e-4)
    np.testing.assert_allclose(np.mean(made, axis=axes), 0.0, atol=1e-5)


def test_scale_and_offset_are_those_of_the_place():
    """By hand: γ = 2 and β = 5 where the first class is, and the plain normalisation elsewhere."""
    model = _model(
        lambda x, conditioning: spatially_adaptive(x, conditioning, 1, "instance", PORTS)
    )
    shared, scale, offset = (layer for layer in model.layers if "conv" in layer.name)
    for layer, value in ((shared, 1.0), (scale, 2.0), (offset, 5.0)):
        kernel, bias = (np.zeros_like(w) for w in layer.get_weights())
        kernel[1, 1, 0] = value  # The middle of the kernel: of the place itself.
        layer.set_weights([kernel, bias])
    left = np.zeros((2, 4, 5, CLASSES), np.float32)
    left[:, :, :2, 0] = left[:, :, 2:, 1] = 1.0
    made, x = model([FEATURES, tf.constant(left)]).numpy(), FEATURES.numpy()
    spread = np.sqrt(x.var(axis=(1, 2), keepdims=True) + 1e-5)
    plain = (x - x.mean(axis=(1, 2), keepdims=True)) / spread
    np.testing.assert_allclose(made[:, :, :2], 3.0 * plain[:, :, :2] + 5.0, atol=1e-4)
    np.testing.assert_allclose(made[:, :, 2:], plain[:, :, 2:], atol=1e-4)


def test_a_constant_map_survives_it_and_is_washed_out_of_further_channels():
    """The paper's argument, section 3: instance statistics take a constant channel away."""

    def beside(x, conditioning):
        return normalize(keras.layers.Concatenate()([x, conditioning]), "instance", PORTS)

    washed, adaptive = (
        _model(beside),
        _model(lambda x, conditioning: spatially_adaptive(x, conditioning, 4, "instance", PORTS)),
    )
    of_washed, of_adaptive = (
        [model([FEATURES, _constant(number)]).numpy() for number in (0, 1)]
        for model in (washed, adaptive)
    )
    np.testing.assert_array_equal(*of_washed)
    assert np.abs(of_adaptive[0] - of_adaptive[1]).max() > 0.1


def _generator(latent=True, **options):
    chosen = catalogue.SPADE(base_filters=2, hidden_filters=2, **options)
    conditioning = {"latent": Field((4,), kind="latent")} if latent else {}
    key = Field((2,), "uint32", "key")
    ports = Ports(
        {"label_map": MAP, **conditioning, "key": key},
        {"sample": Field((9, 6, 3), kind="image", range=(-1.0, 1.0))},
    )
    return resolve(chosen)(chosen).generator(ports)


@pytest.mark.parametrize("way", ["normalization", "concatenate"])
@pytest.mark.parametrize("latent", [False, True])
def test_maps_and_latents_become_pictures(way, latent):
    network = _generator(latent, generator_conditioning=way)
    assert set(network.input) == {"label_map", *(["latent"] if latent else [])}
    classes = np.random.RandomState(0).randint(0, CLASSES, (2, 9, 6))
    inputs = {"label_map": tf.one_hot(classes, CLASSES), "latent": tf.eye(2, 4)}
    made = network({name: inputs[name] for name in network.input})["sample"]
    assert made.shape == (2, 9, 6, 3) and made.dtype == tf.float32
    assert np.abs(made).max() <= 1.0 and np.abs(made[0] - made[1]).max() > 0.0


def test_without_a_map_it_is_refused():
    options = catalogue.SPADE()
    ports = Ports(
        {"latent": Field((4,), kind="latent")}, {"sample": Field((8, 8, 1), kind="image")}
    )
    with pytest.raises(ConfigError, match=r"received 'spade', which makes pictures of pictures"):
        resolve(options)(options).generator(ports)
