"""Features of the batch: what identical rows give, groups, and the order that tells nothing."""

import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.batch_features import (
    MinibatchDeviation,
    MinibatchDiscrimination,
    PairwiseDistances,
)

LAYERS = (MinibatchDiscrimination, PairwiseDistances, MinibatchDeviation)


def _rows(rows, size, seed=0):
    return tf.constant(np.random.default_rng(seed).normal(size=(rows, size)), tf.float32)


def test_identical_rows_give_all_others_and_themselves_are_left_out():
    """Σ over N - 1 others of exp(-0), and the bias of -1; N would count the row itself."""
    layer = MinibatchDiscrimination(6, kernels=4, dimensions=3)
    features = layer(tf.repeat(_rows(1, 5), 6, axis=0))
    np.testing.assert_allclose(features, np.full((6, 4), 5.0 - 1.0), rtol=1e-6)


def test_far_rows_give_nothing_and_two_rows_their_distance():
    layer = MinibatchDiscrimination(2, kernels=1, dimensions=2)
    layer.build((None, 2))
    layer.directions.assign([[2.0, 0.0], [0.0, -3.0]])
    layer.log_scale.assign([0.0, np.log(2.0)])
    features = layer(tf.constant([[0.0, 0.0], [0.3, -0.2], [0.0, 0.0], [50.0, 0.0]]))
    near = np.exp(-(0.3 + 2.0 * 0.2)) - 1.0
    np.testing.assert_allclose(features[:, 0], [near, near, -1.0, -1.0], rtol=1e-5)


def test_it_starts_as_the_authors_code_does():
    layer = MinibatchDiscrimination(2)
    layer.build((None, 300))
    assert layer.width == 100 and layer.directions.shape == (300, 500)
    assert np.std(layer.directions.numpy()) == pytest.approx(0.05, rel=0.02)
    assert not layer.log_scale.numpy().any() and (layer.bias.numpy() == -1.0).all()


def test_distances_are_the_others_in_ascending_order():
    features = PairwiseDistances(3)(tf.constant([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    distances = np.array([[1.0, 5.0], [np.sqrt(18.0), 5.0], [1.0, np.sqrt(18.0)]]) / np.sqrt(2.0)
    np.testing.assert_allclose(features, distances, rtol=1e-6)


def test_identical_rows_have_no_distance_and_finite_gradients():
    x = tf.ones([4, 3])
    with tf.GradientTape() as tape:
        tape.watch(x)
        features = PairwiseDistances(4)(x)
    np.testing.assert_allclose(features, np.zeros((4, 3)), atol=1e-5)
    assert np.isfinite(tape.gradient(features, x)).all()


def test_the_deviation_is_the_mean_of_the_features_own():
    features = MinibatchDeviation(2)(tf.constant([[1.0, 0.0], [3.0, 0.0], [5.0, 5.0], [5.0, 5.0]]))
    np.testing.assert_allclose(features[:, 0], [0.5, 0.5, 0.0, 0.0], atol=1e-4)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_group_is_permuted_with_its_rows_and_knows_no_other(kind):
    layer, x = kind(4), _rows(8, 6)
    features = layer(x).numpy()
    order = np.array([2, 0, 3, 1, 4, 5, 6, 7])
    np.testing.assert_allclose(
        layer(tf.gather(x, order)).numpy(), features[order], rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(layer(x[4:]).numpy(), features[4:], rtol=1e-6)
    assert features.shape == (8, layer.width) == layer.compute_output_shape((8, 6))


@pytest.mark.parametrize("kind", LAYERS)
def test_in_bfloat16_the_features_are_taken_in_float32(kind):
    layer, x = kind(4, dtype="mixed_bfloat16"), tf.cast(_rows(8, 6), tf.bfloat16)
    features = layer(x)
    assert features.dtype == tf.bfloat16
    full = kind(4)
    full.build((None, 6))
    for a, b in zip(full.variables, layer.variables, strict=True):
        a.assign(b)
    np.testing.assert_allclose(
        tf.cast(features, tf.float32), full(tf.cast(x, tf.float32)), rtol=1e-2, atol=1e-2
    )
