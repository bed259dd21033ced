"""Convolutions whose kernels are modulated by a style, an example at a time."""

import math
from typing import Any

import keras
import tensorflow as tf

_EPSILON = 1e-8


class ModulatedConv2D(keras.layers.Layer):
    """A convolution with the kernel of each example, padded to "same", without a bias.

    The kernel w, of equalised learning rate, is scaled by the example's style s an input channel at
    a time, and demodulated to unit norm an output channel at a time:

        w'_ijk = s_i w_ijk,    w''_ijk = w'_ijk / √(Σ_ik w'_ijk² + ε).

    Both commute with the convolution, so no kernel is ever made: inputs are scaled before it and
    outputs after, in which second derivatives are those of one ordinary convolution.

    Args:
        filters: output channels.
        side: of the kernel.
        demodulate: whether the second equation is applied; colours are not.

    Reference: Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN",
    equations 1 and 3.
    """

    def __init__(self, filters: int, side: int, *, demodulate: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self.filters, self.side, self.demodulate = filters, side, demodulate

    def build(self, input_shape: Any) -> None:
        """Makes the kernel, of unit deviation."""
        channels = input_shape[0][-1]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.side, self.side, channels, self.filters),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
        )
        self.scale = 1.0 / math.sqrt(self.side**2 * channels)

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Values [b, h, w, i] and styles [b, i] → [b, h, w, o]."""
        x, style = inputs
        kernel = tf.convert_to_tensor(self.kernel) * self.scale
        y = tf.nn.conv2d(x * style[:, tf.newaxis, tf.newaxis], kernel, 1, "SAME")
        if not self.demodulate:
            return y
        return y * tf.cast(self._demodulation(kernel, style), y.dtype)[:, tf.newaxis, tf.newaxis]

    def _demodulation(self, kernel: tf.Tensor, style: tf.Tensor) -> tf.Tensor:
        """One over the norm of each example's kernels, float32 [b, o]."""
        squares = tf.reduce_sum(tf.square(tf.cast(kernel, tf.float32)), axis=(0, 1))
        norms = tf.matmul(tf.square(tf.cast(style, tf.float32)), squares)
        return tf.math.rsqrt(norms + _EPSILON)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """See `call`."""
        return *input_shape[0][:3], self.filters


class StyleAverage(keras.layers.Layer):
    """The mean of all styles, to which a style may be drawn: w̄ + ψ (w - w̄).

    In training a style is what it is, and the mean is a moving one over batches; like those of a
    batch normalisation it is re-estimated before an averaged network is asked.

    Reference: Karras et al. 2019, "A style-based generator architecture for generative adversarial
    networks", appendix B.
    """

    def __init__(self, momentum: float = 0.995, **options: Any) -> None:
        super().__init__(dtype="float32", **options)
        self.momentum = momentum

    def build(self, input_shape: Any) -> None:
        """Makes the mean."""
        self.moving_mean = self.add_weight(
            name="moving_mean",
            shape=(input_shape[0][-1],),
            initializer="zeros",
            trainable=False,
            autocast=False,
            aggregation="mean",
        )

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor], training: bool | None = None) -> tf.Tensor:
        """Styles [b, w] and shares ψ [b] → styles [b, w]."""
        styles, shares = inputs
        if training:
            moment = tf.reduce_mean(styles, axis=0)
            moving = tf.convert_to_tensor(self.moving_mean)
            self.moving_mean.assign(moving * self.momentum + moment * (1.0 - self.momentum))
            return styles
        mean = tf.convert_to_tensor(self.moving_mean)
        return mean + shares[:, tf.newaxis] * (styles - mean)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the styles."""
        return input_shape[0]
