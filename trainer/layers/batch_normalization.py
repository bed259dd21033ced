"""Batch normalisation of bfloat16 pictures by TensorFlow's fused kernel."""

from typing import Any

import keras
import tensorflow as tf


class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' layer, with a training pass of one operation where pictures come in bfloat16.

    Keras casts them to float32 and takes a dozen passes over memory; the kernel reads them as they
    are and takes the moments in float32. Everything else takes Keras' way: float32, where the gain
    is a few per cent and one replica would round otherwise than two; replicas that average
    together; inputs that are not pictures; layers without scale and offset; inference.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalises by the batch's moments in training, by the moving ones otherwise."""
        fused = inputs.dtype == "bfloat16" and len(inputs.shape) == 4 and not self.synchronized
        fused = fused and self.center and self.scale
        if not training or not fused or mask is not None:
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma.value,
            offset=self.beta.value,
            mean=tf.zeros([0]),
            variance=tf.zeros([0]),
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel gives the unbiased variance; the moving one is of Keras' kind, divided by n.
        count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:3]), tf.float32)
        variance *= (count - 1.0) / count
        for moving, moment in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + moment * (1.0 - self.momentum))
        return outputs
