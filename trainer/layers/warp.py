"""Pictures that are moved by a flow."""

from typing import Any

import keras
import tensorflow as tf


def warp(pictures: tf.Tensor, flow: tf.Tensor) -> tf.Tensor:
    """What stands at p came from p - w(p): pictures moved by a flow, bilinear between pixels.

    Beyond an edge stands what stands at the edge. It is exact where flows are whole pixels, and
    differentiable in both.

    Args:
        pictures: float32 [n, h, w, c].
        flow: float32 [n, h, w, 2], pixels down and to the right.

    Returns:
        float32 [n, h, w, c].

    Reference: Wang et al. 2018, "Video-to-video synthesis", section 3.1; the sampling: Jaderberg
    et al. 2015, "Spatial transformer networks", equation 5.
    """
    count, height, width = tf.unstack(tf.shape(pictures)[:3])
    rows, columns = tf.meshgrid(tf.range(height), tf.range(width), indexing="ij")
    last = tf.cast(tf.stack([height, width]) - 1, tf.float32)
    places = tf.cast(tf.stack([rows, columns], axis=-1), tf.float32) - flow
    places = tf.clip_by_value(places, 0.0, last)
    low = tf.floor(places)
    share = places - low
    moved = tf.zeros_like(pictures)
    for down in (0.0, 1.0):
        for right in (0.0, 1.0):
            corner = tf.constant([down, right])
            weights = tf.reduce_prod(tf.abs(1.0 - corner - share), axis=-1, keepdims=True)
            at = tf.cast(tf.minimum(low + corner, last), tf.int32)
            index = at[..., 0] * width + at[..., 1]
            flat = tf.reshape(pictures, [count, height * width, pictures.shape[-1]])
            seen = tf.gather(flat, tf.reshape(index, [count, -1]), batch_dims=1)
            moved += weights * tf.reshape(seen, tf.shape(pictures))
    return moved


class Warp(keras.layers.Layer):
    """`warp` as a layer of pictures and their flow; float32 whatever is computed around it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(dtype="float32", **options)

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Pictures [b, h, w, c] and a flow [b, h, w, 2] → the pictures, moved."""
        pictures, flow = inputs
        return warp(pictures, flow)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the pictures."""
        return input_shape[0]
