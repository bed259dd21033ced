"""Tokens: numbers of symbols, which the players see as one-hot vectors."""

import tensorflow as tf

from trainer.fields import Field


def seen(values: tf.Tensor, field: Field) -> tf.Tensor:
    """One-hot vectors of symbols.

    Args:
        values: int32 [..., T] on [0, V), V the number of the field's names.
        field: of kind "tokens"; its names are the vocabulary.

    Returns:
        float32 [..., T, V].
    """
    return tf.one_hot(values, len(field.names), dtype=tf.float32)


def stored(values: tf.Tensor, field: Field) -> tf.Tensor:
    """The most likely symbols: float [..., T, V] → int32 [..., T]; the first of equal ones."""
    return tf.argmax(values, axis=-1, output_type=tf.int32)


def seen_field(field: Field) -> Field:
    """float32 [T, V]."""
    return Field((*field.shape, len(field.names)), kind=field.kind, names=field.names)


def text(ids: tf.Tensor, field: Field) -> tf.Tensor:
    """Symbols as they are read: numbers int32 [n, T] → string [n].

    The first symbol of the vocabulary ends a sequence; neither it nor what stands behind is shown.
    Symbols are parted by `about["separator"]`, a space where there is none.
    """
    ends = tf.cast(ids == 0, tf.int32)
    shown = tf.cumsum(ends, axis=1) == 0
    names = tf.gather(tf.constant(field.names), ids)
    separator = tf.constant(str(field.about.get("separator", " ")))
    later = tf.range(ids.shape[1])[tf.newaxis] > 0
    pieces = tf.where(later, tf.strings.join([separator, names]), names)
    return tf.strings.reduce_join(tf.where(shown, pieces, ""), axis=1)
