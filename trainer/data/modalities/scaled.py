"""Images, clips and vectors: the range is scaled to the [-1, 1] in which the players see it."""

import tensorflow as tf

from trainer.fields import Field


def seen(values: tf.Tensor, field: Field) -> tf.Tensor:
    """Maps the field's range to [-1, 1].

    Args:
        values: [..., *field.shape] of the stored dtype.
        field: its `range` goes to -1 and 1 exactly.

    Returns:
        float32 of the same shape. Float data outside the range lands outside [-1, 1].
    """
    centre, half_width = _centre_and_half_width(field)
    return (tf.cast(values, tf.float32) - centre) / half_width


def stored(values: tf.Tensor, field: Field) -> tf.Tensor:
    """Maps [-1, 1] back to stored units: the inverse of `seen`, exact for integers.

    Args:
        values: [..., *field.shape] of any float dtype.
        field: of the data.

    Returns:
        The stored dtype: integers rounded and clipped to the range, floats as they come.
    """
    centre, half_width = _centre_and_half_width(field)
    scaled = tf.cast(values, tf.float32) * half_width + centre
    if field.dtype == "float32":
        return scaled
    return tf.cast(tf.clip_by_value(tf.round(scaled), *field.limits), field.dtype)


def seen_field(field: Field) -> Field:
    """float32 of the same shape; pictures and clips lie on [-1, 1]."""
    bounds = (-1.0, 1.0) if field.kind in ("image", "clip") else None
    return Field(field.shape, kind=field.kind, range=bounds)


def _centre_and_half_width(field: Field) -> tuple[float, float]:
    low, high = field.limits
    return (low + high) / 2.0, (high - low) / 2.0
