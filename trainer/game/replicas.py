"""What holds over all replicas together; with one replica everything is as it is."""

from collections.abc import Sequence

import tensorflow as tf


def count() -> int:
    """Replicas that play together."""
    return int(tf.distribute.get_strategy().num_replicas_in_sync)


def summed(tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Each tensor summed over the replicas; gradients flow through the sum."""
    if count() == 1:
        return list(tensors)
    context = tf.distribute.get_replica_context()
    return list(context.all_reduce(tf.distribute.ReduceOp.SUM, list(tensors)))


def gathered(values: tf.Tensor) -> tf.Tensor:
    """The rows [b, …] of all replicas, [B, …], in one order everywhere; gradients flow through."""
    if count() == 1:
        return values
    # Only what is computed by a replica has a device, which the operation asks for.
    context = tf.distribute.get_replica_context()
    rows: tf.Tensor = context.all_gather(tf.identity(values), axis=0)
    return rows


def following(values: tf.Tensor) -> tf.Tensor:
    """Of each row [b, …] the next one in the global batch, the first one after the last."""
    if count() == 1:
        return tf.roll(values, -1, axis=0)
    context = tf.distribute.get_replica_context()
    rows = tf.shape(values)[0]
    begin = tf.cast(context.replica_id_in_sync_group, tf.int32) * rows
    return tf.roll(gathered(values), -1, axis=0)[begin : begin + rows]


def mean(values: tf.Tensor) -> tf.Tensor:
    """The mean over the global batch of values [b, …], a scalar."""
    (total,) = summed([tf.reduce_mean(values)])
    return total / count()
