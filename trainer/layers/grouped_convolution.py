"""Convolutions whose channels are in groups that do not see one another."""

from typing import Any

import keras
import tensorflow as tf


class GroupedConv2D(keras.layers.Conv2D):
    """Keras' layer with groups, in a form that the CPU computes fast and differentiates twice.

    TensorFlow has no grouped convolution there, and Keras compiles one by XLA that takes a hundred
    times as long. A convolution of each group is what the CPU is given instead; a GPU has its own.

    Reference: Xie et al. 2017, "Aggregated residual transformations for deep neural networks".
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """See `keras.layers.Conv2D`."""
        kernel = tf.cast(tf.convert_to_tensor(kernel), inputs.dtype)
        padding, strides = self.padding.upper(), list(self.strides)
        if self.groups == 1 or tf.config.list_physical_devices("GPU"):
            return tf.nn.conv2d(inputs, kernel, strides, padding)
        parts = zip(
            tf.split(inputs, self.groups, axis=-1),
            tf.split(kernel, self.groups, axis=-1),
            strict=True,
        )
        return tf.concat([tf.nn.conv2d(x, k, strides, padding) for x, k in parts], axis=-1)
