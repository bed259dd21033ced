"""The modern baseline: its start, its groups, and that penalties can differentiate it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.catalogue import resolve
from trainer.fields import Field
from trainer.layers.basis import Basis, BasisSum
from trainer.layers.grouped_convolution import GroupedConv2D
from trainer.networks.ports import Ports
from trainer.networks.r3gan import groups

OPTIONS = catalogue.R3GAN(base_filters=8, blocks=2, group_filters=4)
PICTURE = {"sample": Field((8, 8, 1), kind="image")}
LATENT = {"latent": Field((4,), kind="latent")}


def _players(options=OPTIONS):
    family = resolve(options)(options)
    return (
        family.generator(Ports(LATENT, PICTURE)),
        family.discriminator(Ports(PICTURE, {"logits": Field()})),
    )


def test_no_player_normalises_anything():
    for model in _players():
        for layer in model.layers:
            assert "normalization" not in type(layer).__name__.lower()


def test_blocks_add_nothing_at_the_start():
    """So the answers are those of the paths around them, which have neither bias nor rectifier."""
    generator, discriminator = _players()
    z, x = tf.random.stateless_normal([2, 4], [1, 2]), tf.ones([1, 8, 8, 1])
    for model, name, rows in ((generator, "latent", z), (discriminator, "sample", x)):
        (answer,) = model({name: rows}).values()
        (twice,) = model({name: 2.0 * rows}).values()
        np.testing.assert_allclose(twice, 2.0 * answer, rtol=1e-4, atol=1e-5)


def test_kernels_start_from_he_scaled_down_by_the_number_of_blocks():
    """Variance 2 / 1.04 / fan-in / √L, L = 2 blocks at 2 resolutions; the last one is zero."""
    _, discriminator = _players(catalogue.R3GAN(base_filters=64, blocks=2, group_filters=16))
    grouped = [x for x in discriminator.layers if isinstance(x, GroupedConv2D)]
    assert len(grouped) == 4 and grouped[0].groups == 8
    deviation = np.sqrt(2.0 / 1.04 / (9 * 16) / 2.0)
    assert np.std(grouped[0].kernel.numpy()) == pytest.approx(deviation, rel=0.03)
    singles = [x for x in discriminator.layers if type(x) is keras.layers.Conv2D]
    assert sum(not x.kernel.numpy().any() for x in singles) == 4


@pytest.mark.parametrize(
    ("filters", "size", "expected"), [(64, 16, 4), (8, 16, 1), (24, 16, 1), (48, 10, 4)]
)
def test_groups_divide_the_filters(filters, size, expected):
    assert groups(filters, size) == expected


@pytest.mark.parametrize("stride", [1, 2])
def test_a_grouped_convolution_is_kerass(stride):
    x = tf.random.stateless_normal([2, 5, 6, 8], [1, 2])
    options = {"padding": "same", "groups": 4, "strides": stride}
    ours, theirs = GroupedConv2D(12, 3, **options), keras.layers.Conv2D(12, 3, **options)
    ours(x), theirs(x)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-4, atol=1e-5)


def test_the_penalty_of_a_penalty_is_finite_and_reaches_every_kernel_but_the_first_zeros():
    _, discriminator = _players()
    for variable in discriminator.trainable_variables:
        variable.assign(variable + 0.1)
    x = tf.random.stateless_normal([3, 8, 8, 1], [1, 2])
    with tf.GradientTape() as tape:
        with tf.GradientTape() as inner:
            inner.watch(x)
            logits = discriminator({"sample": x})["logits"]
        penalty = tf.reduce_sum(tf.square(inner.gradient(logits, x)))
    kernels = [v for v in discriminator.trainable_variables if "bias" not in v.path]
    gradients = tape.gradient(penalty, [v.value for v in kernels])
    assert all(np.isfinite(g).all() and np.any(g) for g in gradients)


def test_a_basis_scales_patterns_and_its_sum_weighs_them():
    basis, back = Basis(2, 3), BasisSum()
    x = tf.constant([[1.0, -2.0]])
    made = basis(x)
    np.testing.assert_allclose(made[0], basis.patterns.numpy() * np.array([1.0, -2.0]))
    summed = back(made)
    expected = (made[0].numpy() * back.patterns.numpy()).sum(axis=(0, 1))
    np.testing.assert_allclose(summed[0], expected, rtol=1e-5)


def test_bfloat16_players_answer_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        generator, discriminator = _players()
    finally:
        keras.config.set_dtype_policy("float32")
    sample = generator({"latent": tf.ones([2, 4])})["sample"]
    assert sample.dtype == tf.float32
    assert discriminator({"sample": sample})["logits"].dtype == tf.float32
