"""Networks at every level: what they share, where they stand, and how a level fades in."""

import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.networks.ports import Ports
from trainer.networks.progressive import Progressive

SAMPLE = {"sample": Field((8, 8, 1), kind="image")}
LATENT = {"latent": Field((4,), kind="latent"), "condition": Field((3,), kind="one_hot")}
CONDITIONING = {"condition": Field((3,), kind="one_hot")}
FAMILY = Progressive(catalogue.Progressive(base_filters=2, max_filters=4, smallest=2))
INPUTS = {
    "latent": tf.random.stateless_normal([3, 4], [1, 2]),
    "condition": tf.one_hot([0, 1, 2], 3),
}


@pytest.fixture(scope="module")
def generator():
    return FAMILY.generator(Ports(LATENT, SAMPLE))


@pytest.fixture(scope="module")
def discriminator():
    return FAMILY.discriminator(
        Ports(SAMPLE | CONDITIONING, {"logits": Field(), "codes": Field((2,))})
    )


def _made(generator, growth, level=None):
    generator.growth.assign(growth)
    return generator(INPUTS, training=level is not None, level=level)["sample"].numpy()


def test_resolutions_double_up_to_the_datas_own():
    options = catalogue.Progressive(smallest=4)
    assert options.resolutions(28, 28) == [(7, 7), (14, 14), (28, 28)]
    assert options.resolutions(32, 16) == [(8, 4), (16, 8), (32, 16)]
    assert options.resolutions(9, 9) == [(9, 9)]


@pytest.mark.parametrize("level", [1, 2])
def test_a_level_fades_from_the_one_below_enlarged_to_its_own_layers_alone(generator, level):
    below = _made(generator, level - 1.0, level - 1)
    np.testing.assert_array_equal(_made(generator, level - 1.0, level), below)
    own, half = _made(generator, float(level), level), _made(generator, level - 0.5, level)
    assert np.abs(own - below).max() > 1e-3
    np.testing.assert_allclose(half, 0.5 * (own + below), atol=1e-6)
    # Enlarged by repeating pixels.
    side = 2 ** (3 - level)
    blocks = below.reshape(3, 8 // side, side, 8 // side, side, 1)
    assert (blocks == blocks[:, :, :1, :, :1]).all()


def test_it_stands_where_it_has_grown_to(generator):
    for growth, level in ((0.0, 0), (0.25, 1), (1.0, 1), (1.5, 2), (2.0, 2)):
        np.testing.assert_array_equal(_made(generator, growth), _made(generator, growth, level))


def test_it_is_built_full_grown(generator):
    assert float(FAMILY.generator(Ports(LATENT, SAMPLE)).growth.numpy()) == 2.0
    assert _made(generator, 2.0).shape == (3, 8, 8, 1)
    np.testing.assert_array_equal(
        generator(INPUTS, training=True)["sample"], _made(generator, 2.0, 2)
    )


def test_levels_share_their_layers(generator, discriminator):
    """The last level has everything but the colours of those more than one below."""
    for network, spared in ((generator, 1), (discriminator, 1)):
        own = [{id(v) for v in level.trainable_variables} for level in network.levels]
        assert own[0] & own[1] and own[1] & own[2] and own[0] - own[2]
        assert len(own[0] - own[2]) == 2 * spared
        assert {id(v) for v in network.trainable_variables} == own[0] | own[1] | own[2]


def test_the_judge_answers_alike_from_level_to_level(discriminator):
    pictures = tf.random.stateless_normal([3, 8, 8, 1], [3, 4])

    def judged(growth, level, x=pictures):
        discriminator.growth.assign(growth)
        shown = {"sample": x, "condition": INPUTS["condition"]}
        return discriminator(shown, training=True, level=level)

    below, at_start = judged(0.0, 0), judged(0.0, 1)
    for name, shape in (("logits", (3,)), ("codes", (3, 2))):
        assert at_start[name].shape == shape
        np.testing.assert_allclose(at_start[name], below[name], atol=1e-6)
    # A low level sees nothing but its pixels' means.
    coarse = tf.repeat(tf.repeat(tf.nn.avg_pool2d(pictures, 4, 4, "VALID"), 4, 1), 4, 2)
    np.testing.assert_allclose(judged(0.0, 0, coarse)["logits"], below["logits"], atol=1e-6)


def test_data_without_a_picture_is_refused():
    with pytest.raises(ConfigError, match=r"network.name: received 'progressive'"):
        FAMILY.generator(Ports(LATENT, {"sample": Field((2,))}))
