"""Features of a sample among the samples beside it, by which a repeating generator is seen.

They look across the rows of a batch, always within contiguous groups of a fixed size, so that they
do not depend on how replicas share the batch: every group is whole on one of them. All of them
take hidden features [b, d] and give features [b, k] to be put beside those; moments and distances
are taken in float32.
"""

from typing import Any

import keras
import tensorflow as tf


class Grouped(keras.layers.Layer):
    """A layer that looks at groups of neighbours in the batch.

    Args:
        group: rows of a group; it must divide the rows of every call.
    """

    def __init__(self, group: int, **options: Any) -> None:
        super().__init__(**options)
        self.group = group

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Hidden features [b, d] → features [b, k] of the same dtype."""
        groups = tf.reshape(tf.cast(inputs, tf.float32), [-1, self.group, inputs.shape[-1]])
        return tf.cast(tf.reshape(self.of_groups(groups), [-1, self.width]), inputs.dtype)

    @property
    def width(self) -> int:
        """Features that a sample gains."""
        raise NotImplementedError

    def of_groups(self, groups: tf.Tensor) -> tf.Tensor:
        """Float32 [b / n, n, d] → [b / n, n, k]."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> Any:
        """[b, k]."""
        return (input_shape[0], self.width)


class MinibatchDiscrimination(Grouped):
    """How near the other samples of its group are to a sample, by kernels that are learned.

    A hidden vector f_i is sent to rows M_i,b = f_i T_b · exp(s) of a matrix, one a kernel, and

        o_b(x_i) = Σ_{j ≠ i} exp(-‖M_i,b - M_j,b‖₁) + β_b.

    As in the authors' code the columns of T have unit length and log scales s of their own, from 0
    on, and β starts at -1. Their start that looks at the data, which sets s and β by a first
    batch, is left out: a start must not depend on which examples a run happens to see first.

    Args:
        kernels: features that a sample gains.
        dimensions: of a row.

    Reference: Salimans et al. 2016, "Improved techniques for training GANs", section 3.2.
    """

    def __init__(
        self, group: int, *, kernels: int = 100, dimensions: int = 5, **options: Any
    ) -> None:
        super().__init__(group, **options)
        self.kernels, self.dimensions = kernels, dimensions

    @property
    def width(self) -> int:
        """See `Grouped`."""
        return self.kernels

    def build(self, input_shape: Any) -> None:
        """Makes T, s and β, all used in float32."""
        columns = self.kernels * self.dimensions
        for name, shape, start in (
            ("directions", (input_shape[-1], columns), keras.initializers.RandomNormal(0.0, 0.05)),
            ("log_scale", (columns,), "zeros"),
            ("bias", (self.kernels,), keras.initializers.Constant(-1.0)),
        ):
            weight = self.add_weight(name=name, shape=shape, initializer=start, autocast=False)
            setattr(self, name, weight)

    def of_groups(self, groups: tf.Tensor) -> tf.Tensor:
        """See `Grouped`."""
        directions = tf.math.l2_normalize(tf.convert_to_tensor(self.directions), axis=0)
        rows = tf.matmul(groups, directions * tf.exp(tf.convert_to_tensor(self.log_scale)))
        rows = tf.reshape(rows, [-1, self.group, self.kernels, self.dimensions])
        distances = tf.reduce_sum(tf.abs(rows[:, :, tf.newaxis] - rows[:, tf.newaxis]), axis=-1)
        others = 1.0 - tf.eye(self.group)[:, :, tf.newaxis]
        return tf.reduce_sum(others * tf.exp(-distances), axis=2) + tf.convert_to_tensor(self.bias)


class PairwiseDistances(Grouped):
    """Euclidean distances of a sample's features to those of the others of its group.

    They are in ascending order, so that the order of the group tells nothing; over the root of the
    features' number, so that their size does not depend on it.
    """

    @property
    def width(self) -> int:
        """See `Grouped`."""
        return self.group - 1

    def of_groups(self, groups: tf.Tensor) -> tf.Tensor:
        """See `Grouped`."""
        squares = tf.reduce_mean(
            tf.square(groups[:, :, tf.newaxis] - groups[:, tf.newaxis]), axis=-1
        )
        # The root has no slope at zero, where samples are identical. What is not negative and
        # smallest is the distance to itself, or one that is as small.
        squares = tf.linalg.set_diag(squares, tf.fill(tf.shape(squares)[:2], -1.0))
        return tf.sqrt(tf.maximum(tf.sort(squares, axis=-1)[:, :, 1:], 1e-12))


class MinibatchDeviation(Grouped):
    """One number for the whole group: the mean over features of their standard deviations.

    Reference: Karras et al. 2018, "Progressive growing of GANs for improved quality, stability, and
    variation", section 3.
    """

    @property
    def width(self) -> int:
        """See `Grouped`."""
        return 1

    def of_groups(self, groups: tf.Tensor) -> tf.Tensor:
        """See `Grouped`."""
        variance = tf.math.reduce_variance(groups, axis=1, keepdims=True)
        deviation = tf.reduce_mean(tf.sqrt(variance + 1e-8), axis=-1, keepdims=True)
        return tf.repeat(deviation, self.group, axis=1)
