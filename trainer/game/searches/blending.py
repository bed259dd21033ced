"""Poisson blending: a filling keeps its edges and takes on the colours around it."""

from collections.abc import Callable

import tensorflow as tf


def blended(filling: tf.Tensor, picture: tf.Tensor, known: tf.Tensor, steps: int) -> tf.Tensor:
    """The picture with its hole filled, float32 [n, h, w, c].

        min_x Σ ((x_p - x_q) - (filling_p - filling_q))²,   x = picture where it is known,

    over neighbours p, q of which one at least is missing. What the filling is to be moved by is
    zero where nothing is known beside the hole, and else solves Laplace's equation in it; conjugate
    gradients find it, for each row and channel by themselves.

    Args:
        filling: [n, h, w, c].
        picture: of the same shape.
        known: [n, h, w, 1], ones and zeros.
        steps: of conjugate gradients; as many as the hole has pixels are exact but for rounding.

    Reference: Pérez et al. 2003, "Poisson image editing"; Yeh et al. 2017, equation 5.
    """
    hole = 1.0 - known
    degree = neighbours(tf.ones_like(known))

    def laplace(e: tf.Tensor) -> tf.Tensor:
        return hole * (degree * e - neighbours(e))

    border = hole * neighbours(known * (picture - filling))
    moved = conjugate_gradients(laplace, border, steps)
    return known * picture + hole * (filling + moved)


def neighbours(values: tf.Tensor) -> tf.Tensor:
    """The sum of the four pixels beside each, those outside being zero."""
    padded = tf.pad(values, [[0, 0], [1, 1], [1, 1], [0, 0]])
    vertical = padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1]
    return vertical + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:]


def conjugate_gradients(
    apply: Callable[[tf.Tensor], tf.Tensor], right: tf.Tensor, steps: int
) -> tf.Tensor:
    """Solves A x = right for symmetric A ≥ 0 from zero, each row and channel by itself.

    Args:
        apply: x → A x, float32 [n, h, w, c].
        right: [n, h, w, c].
        steps: what is solved before them stays as it is.

    Reference: Hestenes & Stiefel 1952.
    """

    def dot(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(a * b, axis=(1, 2), keepdims=True)

    def step(number: tf.Tensor, x: tf.Tensor, r: tf.Tensor, p: tf.Tensor) -> tuple[tf.Tensor, ...]:
        ap = apply(p)
        length = dot(r, r)
        alpha = tf.math.divide_no_nan(length, dot(p, ap))
        rest = r - alpha * ap
        beta = tf.math.divide_no_nan(dot(rest, rest), length)
        return number + 1, x + alpha * p, rest, rest + beta * p

    start = (tf.constant(0), tf.zeros_like(right), right, right)
    _, x, *_ = tf.while_loop(lambda number, *_: number < steps, step, start)
    return x
