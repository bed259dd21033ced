"""Spectral norms against numpy's singular values, and what moves the vector they follow by."""

import numpy as np
import pytest
import tensorflow as tf

from trainer import catalogue
from trainer.catalogue import resolve
from trainer.fields import Field
from trainer.game.players import Player
from trainer.game.roles import DISCRIMINATOR, Role
from trainer.layers.spectral import (
    SpectralConv2D,
    SpectralDense,
    power_iteration,
    spectral_norm,
)
from trainer.networks.ports import Ports


def _kernel(*shape):
    return tf.constant(np.random.default_rng(0).normal(size=shape), tf.float32)


def _largest(kernel):
    kernel = np.asarray(kernel)
    return np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


@pytest.mark.parametrize("shape", [(7, 5), (3, 9), (4, 4, 3, 6), (6, 1)])
def test_power_iteration_ends_at_the_largest_singular_value(shape):
    kernel = _kernel(*shape)
    vector = tf.one_hot(0, shape[-1])
    for _ in range(200):
        vector = power_iteration(kernel, vector)
    assert float(spectral_norm(kernel, vector)) == pytest.approx(_largest(kernel), rel=1e-5)
    assert float(tf.norm(vector)) == pytest.approx(1.0, rel=1e-6)


def test_one_iteration_is_the_papers():
    """V ← W u / ‖W u‖, u ← Wᵀ v / ‖Wᵀ v‖ on a matrix worked out by hand."""
    kernel, vector = tf.constant([[3.0, 0.0], [0.0, 1.0]]), tf.constant([0.6, 0.8])
    np.testing.assert_allclose(spectral_norm(kernel, vector), np.hypot(1.8, 0.8), rtol=1e-6)
    moved = np.array([5.4, 0.8])
    expected = moved / np.linalg.norm(moved)
    np.testing.assert_allclose(power_iteration(kernel, vector), expected, rtol=1e-6)


def test_the_gradient_flows_through_the_norm():
    """Of Σ A ⊙ W / σ: A / σ - (Σ A ⊙ W) / σ² · left rightᵀ, by the singular vectors."""
    kernel, other = _kernel(4, 3), tf.constant(np.arange(12.0).reshape(4, 3), tf.float32)
    left, values, right = np.linalg.svd(kernel.numpy())
    vector = tf.constant(right[0])
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        y = tf.reduce_sum(other * kernel / spectral_norm(kernel, vector))
    inner = float(tf.reduce_sum(other * kernel))
    expected = other / values[0] - inner / values[0] ** 2 * np.outer(left[:, 0], right[0])
    np.testing.assert_allclose(tape.gradient(y, kernel), expected, rtol=1e-4, atol=1e-5)


def test_a_kernel_of_zeros_stays_finite():
    """The last layer of a residual block may start there."""
    layer = SpectralDense(2, kernel_initializer="zeros")
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(layer(tf.ones([3, 4])))
    assert float(y) == 0.0
    assert np.isfinite(tape.gradient(y, layer.trainable_variables[0].value)).all()
    layer.follow_weights()
    assert float(tf.norm(layer.vector.value)) == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_layer_uses_its_kernel_at_norm_one(dtype, graph):
    """Taken in float32: in bfloat16 the norm of 64·64 squares would be off by per cents."""
    layer = SpectralDense(64, use_bias=False, dtype=dtype)
    layer.build((None, 64))
    layer.trainable_variables[0].assign(_kernel(64, 64))
    for _ in range(300):
        layer.follow_weights()
    call = tf.function(layer) if graph else layer
    answers = call(tf.eye(64))
    assert answers.dtype == (tf.float32 if dtype == "float32" else tf.bfloat16)
    rounding = 1e-4 if dtype == "float32" else 4e-3
    assert _largest(tf.cast(answers, tf.float32)) == pytest.approx(1.0, rel=rounding)
    kernel = layer.trainable_variables[0].numpy()
    norm = float(spectral_norm(kernel, tf.convert_to_tensor(layer.vector)))
    assert norm == pytest.approx(_largest(kernel), rel=1e-4)


@pytest.mark.parametrize(("side", "stride"), [(3, 1), (4, 2), (1, 1)])
def test_a_convolution_is_lipschitz_by_the_patches_a_pixel_is_in(side, stride):
    """⌈k / s⌉ bounds its operator, which power iteration on the layer itself measures."""
    layer = SpectralConv2D(5, side, strides=stride, padding="same", use_bias=False)
    layer.build((None, 8, 8, 3))
    for _ in range(100):
        layer.follow_weights()
    x = tf.constant(np.random.default_rng(1).normal(size=(1, 8, 8, 3)), tf.float32)
    for _ in range(50):
        with tf.GradientTape() as tape:
            tape.watch(x)
            length = tf.norm(layer(x))
        x = tape.gradient(length, x)
        x /= tf.norm(x)
    ratio = float(tf.norm(layer(x)))
    assert ratio <= -(-side // stride) + 1e-4
    assert side > 1 or ratio == pytest.approx(1.0, rel=1e-3)


def _network(options, **inputs):
    fields = {"sample": Field((6,), kind="vector"), **inputs}
    return resolve(options)(options).discriminator(Ports(fields, {"logits": Field()}))


def test_a_spectral_discriminator_is_1_lipschitz():
    """Measured along many gradients: leaky rectifiers of slopes up to one between unit layers."""
    options = catalogue.MLP(units=(32, 32, 32), discriminator_normalization="spectral")
    model = _network(options)
    for layer in model.layers:
        if hasattr(layer, "follow_weights"):
            for _ in range(300):
                layer.follow_weights()
    a, b = (_kernel(500, 6) * s for s in (3.0, -1.0))
    b = tf.reverse(b, [0])
    for one, other in ((a, b), (a, a + 1e-2 * b)):
        difference = model({"sample": one})["logits"] - model({"sample": other})["logits"]
        ratios = tf.abs(difference) / tf.norm(one - other, axis=1)
        assert 0.0 < float(tf.reduce_max(ratios)) <= 1.0 + 1e-4


def test_the_vector_moves_with_updates_and_nowhere_else():
    model = _network(catalogue.MLP(units=(5,), discriminator_normalization="spectral"))
    role = Role("discriminator", DISCRIMINATOR, {"sample": Field((6,))}, {"logits": Field()})
    player = Player(model, role)
    x = {"sample": _kernel(4, 6)}
    before = [v.numpy() for v in model.non_trainable_variables]
    assert len(before) == 2
    player(x)
    player(x, freeze_statistics=True)
    with player.at([v.value * 2.0 for v in model.trainable_variables]):
        player(x)
    for old, new in zip(before, model.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(old, new.numpy())
    kernel = model.trainable_variables[0]
    kernel.assign(_kernel(6, 5))
    player.follow_weights()
    expected = power_iteration(kernel.value, tf.constant(before[0]))
    np.testing.assert_allclose(model.non_trainable_variables[0].numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("family", ["mlp", "dcgan", "patch"])
def test_every_kernel_of_a_discriminator_is_normalised(family):
    """The projection's, too: the answers do not change when all kernels are ten times as large."""
    own = {"patch": "normalization"}.get(family, "discriminator_normalization")
    projected = {"discriminator_conditioning": "projection"} if family == "dcgan" else {}
    small = {"units": (4,)} if family == "mlp" else {"base_filters": 2}
    options = {"mlp": catalogue.MLP, "dcgan": catalogue.DCGAN, "patch": catalogue.Patch}[family](
        **small, **{own: "spectral"}, **projected
    )
    inputs = {"sample": Field((8, 8, 1), kind="image"), "condition": Field((3,), kind="one_hot")}
    outputs = {"logits": Field(), "class_logits": Field((3,))}
    model = resolve(options)(options).discriminator(Ports(inputs, outputs))
    rows = {"sample": _kernel(2, 8, 8, 1), "condition": tf.one_hot([0, 2], 3)}
    before = {n: x.numpy() for n, x in model(rows).items()}
    kernels = [v for v in model.trainable_variables if v.path.endswith("kernel")]
    for kernel in kernels:
        kernel.assign(10.0 * kernel)
    assert len(kernels) == len([v for v in model.variables if "spectral_vector" in v.path])
    for name, values in model(rows).items():
        np.testing.assert_allclose(values, before[name], rtol=1e-4, atol=1e-5)
