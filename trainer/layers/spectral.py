"""Layers of spectral norm one: the kernel is divided by its largest singular value in every pass.

The kernel W, as a matrix whose columns are the outputs, is used as

    W / σ(W),   σ(W) ≈ ‖W u‖,

where u is the vector that power iteration brings to W's leading right singular vector. It is state
beside the weights, and a call never moves it: `follow_weights` does, once after every update of the
weights, with one iteration u ← WᵀW u / ‖WᵀW u‖. So all calls of a step see one norm, in training
and in inference, and what looks ahead or asks again leaves no trace. Gradients flow through σ.

For a dense layer ‖W / σ‖ = 1 is its Lipschitz constant. For a convolution the paper normalises the
same matrix, of patches: with kernels of side k and stride s its Lipschitz constant is at most
⌈k / s⌉, the root of the number of patches that a pixel is in.

Reference: Miyato et al. 2018, "Spectral normalization for generative adversarial networks",
algorithm 1.
"""

from typing import Any

import keras
import tensorflow as tf

from trainer.layers.strided_convolution import Conv2D

# Iterations before the first step; training goes on with one a step.
_FIRST_ITERATIONS = 20
# Below this a kernel counts as zero: it is left as it is, and its vector too.
_SMALLEST_NORM = 1e-12


class _Spectral(keras.layers.Layer):
    """What the layers have in common; a layer that uses `normalized(kernel)` inherits it first."""

    def add_weight(self, *arguments: Any, **options: Any) -> Any:
        """Keeps the kernel in float32 whatever the layer computes in: σ is taken of it."""
        if options.get("name") == "kernel":
            options["autocast"] = False
        return super().add_weight(*arguments, **options)

    def build(self, input_shape: Any) -> None:
        """See the layer; the vector starts near where power iteration ends."""
        super().build(input_shape)
        self.vector = self.add_weight(
            name="spectral_vector",
            shape=(self._kernel.shape[-1],),
            dtype="float32",
            initializer=self._first_vector,
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )

    def normalized(self, kernel: Any) -> tf.Tensor:
        """The kernel over its spectral norm, in the layer's compute dtype."""
        norm = tf.maximum(spectral_norm(kernel, tf.convert_to_tensor(self.vector)), _SMALLEST_NORM)
        return tf.cast(tf.convert_to_tensor(kernel) / norm, self.compute_dtype)

    def follow_weights(self) -> None:
        """One power iteration on the kernel as it is now."""
        vector = tf.convert_to_tensor(self.vector)
        self.vector.assign(power_iteration(self._kernel, vector))

    def _first_vector(self, shape: Any, dtype: Any = None) -> tf.Tensor:
        vector = _unit(tf.convert_to_tensor(keras.initializers.RandomNormal()(shape, dtype=dtype)))
        for _ in range(_FIRST_ITERATIONS):
            vector = power_iteration(self._kernel, vector)
        return vector


class SpectralDense(_Spectral, keras.layers.Dense):
    """Keras' layer with a kernel of spectral norm one, without an activation."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """See `keras.layers.Dense`."""
        outputs = tf.matmul(inputs, self.normalized(self._kernel))
        return outputs + self.bias if self.use_bias else outputs


class SpectralConv2D(_Spectral, Conv2D):
    """Keras' layer with a kernel of spectral norm one, as the matrix of its patches."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """See `keras.layers.Conv2D`."""
        return super().convolution_op(inputs, self.normalized(kernel))


def spectral_norm(kernel: Any, vector: tf.Tensor) -> tf.Tensor:
    """‖W u‖ of a kernel [..., n] and a unit vector [n], a float32 scalar.

    It is the largest singular value where u is the leading right singular vector. Its gradient is
    then that of the singular value, left times right singular vector; at zero it is zero.
    """
    square = tf.reduce_sum(tf.square(tf.linalg.matvec(_matrix(kernel), vector)))
    return tf.sqrt(tf.maximum(square, _SMALLEST_NORM**2))


def power_iteration(kernel: Any, vector: tf.Tensor) -> tf.Tensor:
    """WᵀW u over its length; u itself where that is zero."""
    matrix = _matrix(kernel)
    # From a unit vector on, so that neither product under- or overflows.
    left = _unit(tf.linalg.matvec(matrix, vector))
    right = tf.linalg.matvec(matrix, left, transpose_a=True)
    length = tf.norm(right)
    return tf.where(length > _SMALLEST_NORM, right / tf.maximum(length, _SMALLEST_NORM), vector)


def _matrix(kernel: Any) -> tf.Tensor:
    """[..., n] → [m, n]."""
    return tf.reshape(tf.convert_to_tensor(kernel), [-1, kernel.shape[-1]])


def _unit(vector: tf.Tensor) -> tf.Tensor:
    return vector / tf.maximum(tf.norm(vector), _SMALLEST_NORM)
