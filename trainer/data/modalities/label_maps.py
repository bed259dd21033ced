"""Label maps: a class for every pixel, which the players see as a channel a class."""

import tensorflow as tf

from trainer.fields import Field


def seen(values: tf.Tensor, field: Field) -> tf.Tensor:
    """One-hot vectors of the pixels' classes.

    Args:
        values: uint8 [..., h, w, 1] on [0, k), k the number of the field's names.
        field: of kind "label_map"; its names are the classes.

    Returns:
        float32 [..., h, w, k]; zeros where a value is no class.
    """
    return tf.one_hot(tf.cast(values[..., 0], tf.int32), len(field.names), dtype=tf.float32)


def stored(values: tf.Tensor, field: Field) -> tf.Tensor:
    """The likeliest classes: float [..., h, w, k] → uint8 [..., h, w, 1]; the first of equals."""
    return tf.cast(tf.argmax(values, axis=-1)[..., tf.newaxis], field.dtype)


def seen_field(field: Field) -> Field:
    """float32 [h, w, k]."""
    shape = (*field.shape[:-1], len(field.names))
    return Field(shape, kind=field.kind, names=field.names)
