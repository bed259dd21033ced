"""Invariant 3: a sample depends on the model, its seed and its condition, and on nothing else."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from trainer.game.assembly import assemble


@pytest.fixture(scope="module")
def sampler(digits):
    sampler = assemble(tiny(), digits.spec).sampler
    sampler.refresh_statistics()
    return sampler


def _same_grey(a, b):
    return np.abs(a.astype(int) - b.astype(int)).max() <= 1


@pytest.mark.parametrize("size", [7, 64])
def test_a_seed_gives_the_same_sample_alone_and_anywhere_in_a_batch(sampler, size):
    alone = sampler.generate(tf.constant([42], tf.int64), tf.constant([3], tf.int64)).numpy()[0]
    for place in (0, size // 2, size - 1):
        seeds, labels = np.arange(1000, 1000 + size), np.arange(size) % 10
        seeds[place], labels[place] = 42, 3
        among = sampler.generate(tf.constant(seeds, tf.int64), tf.constant(labels, tf.int64))
        assert _same_grey(among.numpy()[place], alone)


def test_at_one_batch_size_the_bits_do_not_depend_on_the_place(sampler):
    seeds = np.arange(64)
    labels = tf.constant(seeds % 10, tf.int64)
    one = sampler.decode(sampler.latents(tf.constant(seeds, tf.int64)), labels).numpy()
    order = np.random.default_rng(0).permutation(64)
    other = sampler.decode(
        sampler.latents(tf.constant(seeds[order], tf.int64)), tf.gather(labels, order)
    ).numpy()
    np.testing.assert_array_equal(one[order], other)


def test_labels_follow_the_marginal_and_their_own_seed(sampler, digits):
    seeds = tf.range(20000, dtype=tf.int64)
    labels = sampler.labels(seeds).numpy()
    shares = np.bincount(labels, minlength=10) / len(labels)
    np.testing.assert_allclose(shares, digits.spec.marginal, atol=5 * 0.3 / np.sqrt(20000))
    np.testing.assert_array_equal(sampler.labels(seeds[77:80]).numpy(), labels[77:80])


def test_statistics_come_from_fixed_latents(sampler):
    before = [v.numpy() for v in sampler.generator.non_trainable_variables]
    sampler.refresh_statistics()
    for a, v in zip(before, sampler.generator.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(a, v.numpy())


def test_a_label_out_of_range_fails(sampler):
    for label in (-1, 10):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"label must lie in \[0, 9\]"):
            sampler.generate(tf.constant([0], tf.int64), tf.constant([label], tf.int64))
