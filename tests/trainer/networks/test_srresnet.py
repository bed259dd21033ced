"""Networks that enlarge pictures, and their layers."""

import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.layers.sub_pixel import SubPixel, resized
from trainer.metrics import bicubic
from trainer.networks.ports import Ports
from trainer.networks.srresnet import SRResNet


def _network(given, made, **options):
    image = {name: Field(s, kind="image", range=(-1.0, 1.0)) for name, s in (given, made)}
    ports = Ports({"image": image["image"]}, {"sample": image["sample"]})
    return SRResNet(catalogue.SRResNet(base_filters=4, blocks=2, growth=3, **options)).generator(
        ports
    )


def _enlarging(small, large, **options):
    return _network(("image", small), ("sample", large), **options)


@pytest.mark.parametrize("block", ["residual", "dense"])
@pytest.mark.parametrize(
    ("small", "large"),
    [((4, 6, 1), (8, 12, 3)), ((5, 4, 3), (15, 12, 3)), ((2, 2, 1), (12, 12, 1))],
)
def test_pictures_become_a_whole_number_larger(block, small, large):
    network = _enlarging(small, large, block=block)
    made = network({"image": tf.zeros([2, *small])})["sample"]
    assert made.shape == (2, *large) and made.dtype == tf.float32


def test_other_sizes_are_refused():
    with pytest.raises(ConfigError, match="4x4 to be made 10x8, which is no whole number"):
        _enlarging((4, 4, 1), (10, 8, 1))
    with pytest.raises(ConfigError, match=r"enlarged_input: received true.* has 3 channels and 1"):
        _enlarging((4, 4, 3), (8, 8, 1), enlarged_input=True)


def test_channels_become_pixels_as_the_equation_says():
    x = np.random.RandomState(0).standard_normal((2, 3, 4, 8)).astype(np.float32)
    made = SubPixel(2)(x).numpy()
    for k in range(2):
        for j in range(2):
            part = x[..., (2 * k + j) * 2 : (2 * k + j) * 2 + 2]
            np.testing.assert_array_equal(made[:, k::2, j::2], part)


def test_bicubic_is_that_of_the_metrics_and_what_an_empty_network_makes():
    x = np.random.RandomState(0).uniform(-1, 1, (2, 4, 6, 3)).astype(np.float32)
    expected = bicubic.resized(x, (16, 24))
    np.testing.assert_allclose(resized(tf.constant(x), (16, 24)), expected, atol=1e-5)
    network = _enlarging((4, 6, 3), (16, 24, 3), normalization="none", enlarged_input=True)
    network.set_weights([np.zeros_like(w) for w in network.get_weights()])
    np.testing.assert_allclose(network({"image": x})["sample"], expected, atol=1e-5)


def test_the_networks_of_the_papers_have_their_sizes():
    """SRResNet for four times: 1.55 million weights; 16.7 million for 23 dense blocks."""

    def count(**options):
        small, large = (Field((n, n, 3), kind="image") for n in (8, 32))
        ports = Ports({"image": small}, {"sample": large})
        return SRResNet(catalogue.SRResNet(**options)).generator(ports).count_params()

    assert _of(count, 16, block="residual") == pytest.approx(1.55e6, rel=0.03)
    assert _of(count, 23, block="dense") == pytest.approx(16.7e6, rel=0.03)


def _of(count, blocks, **options):
    """What so many blocks have: every further one as many weights."""
    one, two = (count(blocks=n, **options) for n in (1, 2))
    return one + (blocks - 1) * (two - one)
