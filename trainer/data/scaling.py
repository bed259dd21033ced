"""Between the data's own units and the [-1, 1] in which the players see them."""

import tensorflow as tf

from trainer.data.examples import DataSpec


def normalise(samples: tf.Tensor, spec: DataSpec) -> tf.Tensor:
    """Maps the data's value range to [-1, 1].

    Args:
        samples: [..., *spec.shape] of the stored dtype.
        spec: of the data; its `value_range` goes to -1 and 1 exactly.

    Returns:
        float32 of the same shape. Float data outside the value range lands outside [-1, 1].
    """
    centre, half_width = _centre_and_half_width(spec)
    return (tf.cast(samples, tf.float32) - centre) / half_width


def denormalise(x: tf.Tensor, spec: DataSpec) -> tf.Tensor:
    """Maps [-1, 1] back to the data's units: the inverse of `normalise`, exact for integers.

    Args:
        x: [..., *spec.shape] of any float dtype.
        spec: of the data.

    Returns:
        The stored dtype: integers rounded and clipped to the value range, floats as they come.
    """
    centre, half_width = _centre_and_half_width(spec)
    values = tf.cast(x, tf.float32) * half_width + centre
    if spec.dtype == "float32":
        return values
    return tf.cast(tf.clip_by_value(tf.round(values), *spec.value_range), spec.dtype)


def _centre_and_half_width(spec: DataSpec) -> tuple[float, float]:
    low, high = spec.value_range
    return (low + high) / 2.0, (high - low) / 2.0
