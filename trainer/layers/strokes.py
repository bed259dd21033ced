"""A painter of strokes: quadratic curves of one width, white on black, by distances alone."""

import tensorflow as tf

# Straight parts in the place of each curve.
_PARTS = 8


def painted(strokes: tf.Tensor, side: int, width: float) -> tf.Tensor:
    """Pictures of strokes, float32 [n, side, side, 1] on [0, 1].

    A stroke is the curve B(t) = (1 - t)² p + 2 t (1 - t) q + t² r, 0 ≤ t ≤ 1, from p to r with the
    control point q, which is as good as painted as eight straight parts. A pixel whose centre is
    at the distance d of a stroke is as bright as

        min(1, max(0, width / 2 + ½ - d)),

    which is the share of it that is covered where the edge runs straight along it. Where strokes
    overlap the brightest is seen.

    Args:
        strokes: float32 [n, k, 6], k at least 1: p, q and r, each across and down in pixels from
            the upper left corner of the picture.
        side: pixels of the picture's height and width.
        width: of a stroke in pixels.
    """
    points = _curve(tf.reshape(strokes, [-1, strokes.shape[1], 3, 2]))
    centres = tf.range(side, dtype=tf.float32) + 0.5
    pixels = tf.stack(tf.meshgrid(centres, centres), axis=-1)
    distance = _distances(tf.reshape(pixels, [-1, 2]), points[:, :, :-1], points[:, :, 1:])
    nearest = tf.reduce_min(distance, axis=[1, 2])
    bright = tf.clip_by_value(0.5 * width + 0.5 - nearest, 0.0, 1.0)
    return tf.reshape(bright, [-1, side, side, 1])


def _curve(control: tf.Tensor) -> tf.Tensor:
    """Places on curves by their points [n, k, 3, 2], float32 [n, k, parts + 1, 2]."""
    t = tf.linspace(0.0, 1.0, _PARTS + 1)
    shares = tf.stack([tf.square(1.0 - t), 2.0 * t * (1.0 - t), tf.square(t)], axis=1)
    return tf.einsum("pc,nkcx->nkpx", shares, control)


def _distances(pixels: tf.Tensor, start: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    """Distances of pixels [m, 2] to straight parts [n, k, p, 2], float32 [n, k, p, m]."""
    along = (end - start)[..., tf.newaxis, :]
    off = pixels - start[..., tf.newaxis, :]
    # A part of no length is a point.
    length = tf.reduce_sum(tf.square(along), axis=-1)
    share = tf.math.divide_no_nan(tf.reduce_sum(off * along, axis=-1), length)
    share = tf.clip_by_value(share, 0.0, 1.0)[..., tf.newaxis]
    return tf.sqrt(tf.reduce_sum(tf.square(off - share * along), axis=-1))
