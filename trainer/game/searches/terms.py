"""What a search may minimise: sums over the numbers of a picture, for each row by itself.

Pictures are float32 [n, h, w, c] on the scale of [-1, 1], masks float32 [n, h, w, 1] of zeros and
ones. Either side may have one row for all of the other.
"""

import tensorflow as tf


def differences(made: tf.Tensor, wanted: tf.Tensor, weights: tf.Tensor | float = 1.0) -> tf.Tensor:
    """Σ w |made - wanted|, float32 [n]."""
    return _sums(weights * tf.abs(made - wanted))


def squares(made: tf.Tensor, wanted: tf.Tensor, weights: tf.Tensor | float = 1.0) -> tf.Tensor:
    """Σ w (made - wanted)², float32 [n]."""
    return _sums(weights * tf.square(made - wanted))


def structure(made: tf.Tensor, wanted: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    """Σ |∂ made - ∂ wanted| over neighbouring pixels that are both known, float32 [n].

    ∂ are differences of pixels that lie side by side, and of those above one another.

    Reference: Lahiri et al. 2019, "Faster unsupervised semantic inpainting: a GAN based approach".
    """
    down = known[:, 1:] * known[:, :-1]
    along = known[:, :, 1:] * known[:, :, :-1]
    return _steps(made - wanted, down, along)


def edges(made: tf.Tensor, drawn: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
    """Σ max(α_p, α_q) |(made_p - made_q) - (drawn_p - drawn_q)| over neighbours p, q, float32 [n].

    Where something is drawn and around it, a picture is to have the edges of the drawing, however
    bright both sides of an edge are.

    Args:
        made: the picture.
        drawn: what it was with the strokes on it.
        alpha: how opaque the strokes are, [n, h, w, 1].

    Reference: Zhu et al. 2016, section 4.1 (sketches), whose descriptor of edges is HOG.
    """
    down = tf.maximum(alpha[:, 1:], alpha[:, :-1])
    along = tf.maximum(alpha[:, :, 1:], alpha[:, :, :-1])
    return _steps(made - drawn, down, along)


def _steps(error: tf.Tensor, down: tf.Tensor, along: tf.Tensor) -> tf.Tensor:
    """Σ w |error_p - error_q| over pixels above one another and side by side, float32 [n]."""
    vertical = down * tf.abs(error[:, 1:] - error[:, :-1])
    return _sums(vertical) + _sums(along * tf.abs(error[:, :, 1:] - error[:, :, :-1]))


def consistency(latents: tf.Tensor) -> tf.Tensor:
    """Σ_{s<t} ‖z_s - z_t‖₁ over all pairs of a group of latents: [n, w, z] → float32 [n].

    Reference: Lahiri et al. 2019, "Faster unsupervised semantic inpainting: a GAN based approach".
    """
    return _pairs(latents, tf.ones_like(latents))


def filling_consistency(made: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    """Σ_{s<t} Σ |made_s - made_t| over the pixels that are missing of both frames, float32 [n].

    Args:
        made: groups of pictures, [n, w, height, width, c].
        known: [n, w, height, width, 1].
    """
    return _pairs(made, 1.0 - known)


def _pairs(values: tf.Tensor, counted: tf.Tensor) -> tf.Tensor:
    """Σ_{s<t} Σ c_s c_t |v_s - v_t| over all pairs of a group, [n, w, …] → float32 [n]."""
    both = counted[:, :, tf.newaxis] * counted[:, tf.newaxis]
    apart = tf.abs(values[:, :, tf.newaxis] - values[:, tf.newaxis])
    # Every pair stands there twice, and every member beside itself.
    return 0.5 * _sums(both * apart)


def context_weights(known: tf.Tensor, window: int, counted: str) -> tf.Tensor:
    """How much each known pixel counts for what is missing, float32 [n, h, w, 1].

        W_i = M_i · Σ_{j ∈ N(i)} (1 - M_j) / |N(i)|

    for the pixels N(i) of the window around i that lie in the picture, i among them.

    Args:
        known: M.
        window: its side.
        counted: "missing", the above; "known", the share of known pixels instead, as the paper's
            released code has it; "alike", one.

    Reference: Yeh et al. 2017, "Semantic image inpainting with deep generative models", equation 3.
    """
    if counted == "alike":
        return known
    share = tf.nn.avg_pool2d(known if counted == "known" else 1.0 - known, window, 1, "SAME")
    return known * share


def _sums(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(values, axis=list(range(1, values.shape.rank)))
