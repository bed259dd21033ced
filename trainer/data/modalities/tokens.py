"""Tokens: numbers of symbols, which the players see as one-hot vectors."""

import tensorflow as tf

from trainer.data.symbols import END
from trainer.fields import Field


def seen(values: tf.Tensor, field: Field) -> tf.Tensor:
    """One-hot vectors of symbols.

    Args:
        values: int32 [..., T] on [0, V), V the number of the field's names; or float [..., T, V],
            distributions over symbols, which are seen as they are.
        field: of kind "tokens"; its names are the vocabulary.

    Returns:
        float32 [..., T, V].
    """
    if values.dtype.is_floating:
        return values
    return tf.one_hot(values, len(field.names), dtype=tf.float32)


def stored(values: tf.Tensor, field: Field) -> tf.Tensor:
    """The most likely symbols: float [..., T, V] → int32 [..., T]; the first of equal ones.

    In a field of dtype float32 distributions over symbols stay as they are.
    """
    if field.dtype == "float32":
        return values
    return tf.argmax(values, axis=-1, output_type=tf.int32)


def seen_field(field: Field) -> Field:
    """float32 [T, V]."""
    return Field((*field.shape, len(field.names)), kind=field.kind, names=field.names)


def text(ids: tf.Tensor, field: Field) -> tf.Tensor:
    """Symbols as they are read: numbers int32 [n, T] → string [n].

    The symbol `END` ends a sequence; neither it nor what stands behind is shown. Where the
    vocabulary has none, every row is of the full length. Symbols are parted by
    `about["separator"]`, a space where there is none.
    """
    shown = tf.ones_like(ids, tf.bool)
    if END in field.names:
        shown = tf.cumsum(tf.cast(ids == field.names.index(END), tf.int32), axis=1) == 0
    names = tf.gather(tf.constant(field.names), ids)
    separator = tf.constant(str(field.about.get("separator", " ")))
    later = tf.range(ids.shape[1])[tf.newaxis] > 0
    pieces = tf.where(later, tf.strings.join([separator, names]), names)
    return tf.strings.reduce_join(tf.where(shown, pieces, ""), axis=1)


# ---- As clients see it --------------------------------------------------------------------------


def output_fields(field: Field) -> dict[str, Field]:
    """Sequences as they are read."""
    return {"text": Field(dtype="string", kind="text")}


def outputs(values: tf.Tensor, field: Field) -> dict[str, tf.Tensor]:
    """Numbers int32 [n, T] as texts, string [n]."""
    return {"text": text(values, field)}
