"""Choices that let gradients through."""

from collections.abc import Callable

import tensorflow as tf


def straight_through(soft: tf.Tensor) -> tf.Tensor:
    """The likeliest of distributions float [..., k] as exactly one-hot vectors of the same shape.

    Their gradient is that of the distributions: d hard / d soft is taken for the identity.

    Reference: Bengio et al. 2013, "Estimating or propagating gradients through stochastic neurons
    for conditional computation"; Jang et al. 2017, section 2.2.
    """

    @tf.custom_gradient
    def hardened(values: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        hard = tf.one_hot(tf.argmax(values, axis=-1), values.shape[-1], dtype=values.dtype)
        return hard, lambda upstream: upstream

    hard: tf.Tensor = hardened(soft)
    return hard
