"""Vectors of attributes: the range of each is scaled to the [-1, 1] in which players see it."""

import numpy as np
import tensorflow as tf

from trainer.fields import Field


def seen(values: tf.Tensor, field: Field) -> tf.Tensor:
    """Stored attributes [..., k] → float32 [..., k] with their ranges on [-1, 1].

    An attribute that is the same in all training examples is 0 there.
    """
    centres, half_widths = _scales(field)
    return (tf.cast(values, tf.float32) - centres) / half_widths


def stored(values: tf.Tensor, field: Field) -> tf.Tensor:
    """The inverse of `seen`, float32 [..., k]."""
    centres, half_widths = _scales(field)
    return tf.cast(values, tf.float32) * half_widths + centres


def seen_field(field: Field) -> Field:
    """A vector of as many numbers."""
    return Field(field.shape, kind="vector")


def _scales(field: Field) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.asarray(field.about["ranges"], np.float32).T
    half_widths = (high - low) / 2.0
    return (low + high) / 2.0, np.where(half_widths > 0.0, half_widths, 1.0).astype(np.float32)
