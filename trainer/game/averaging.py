"""The averaged generator: an exponential moving average of weights with statistics of its own.

A generator sampled in inference mode needs batch-norm statistics that fit its weights. Statistics
averaged along with the weights lag them, so they are re-estimated from latents instead, whenever
the averaged generator is about to be used.
"""

from collections.abc import Iterable, Iterator, Mapping

import keras
import tensorflow as tf


def ramped_decay(decay: float, step: tf.Tensor) -> tf.Tensor:
    """min(decay, (1 + t) / (10 + t)): a short memory while the weights still move fast."""
    t = tf.cast(step, tf.float32)
    return tf.minimum(decay, (1.0 + t) / (10.0 + t))


def update(average: keras.Model, network: keras.Model, decay: tf.Tensor) -> None:
    """Average ← decay · average + (1 - decay) · network, over trainable weights.

    Called in replica context; the weights are equal on every replica, so each moves its own copy.
    """
    pairs = [
        (a.value, w.value)
        for a, w in zip(average.trainable_variables, network.trainable_variables, strict=True)
    ]

    def move(target: tf.Variable, weight: tf.Tensor, share: tf.Tensor) -> None:
        target.assign_sub((target - tf.cast(weight, target.dtype)) * share)

    def move_all(strategy: tf.distribute.Strategy, share: tf.Tensor) -> None:
        for target, weight in pairs:
            strategy.extended.update(target, move, args=(weight, share), group=False)

    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        for target, weight in pairs:
            move(target, weight, 1.0 - decay)
    else:
        tf.distribute.get_replica_context().merge_call(move_all, args=(1.0 - decay,))


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Gives `target` the weights of `source`, statistics included."""
    for a, b in zip(target.variables, source.variables, strict=True):
        a.assign(b)


def batch_normalizations(network: keras.Model) -> Iterator[keras.layers.BatchNormalization]:
    """Every batch normalisation of a network, in nested models too."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            yield layer
        elif isinstance(layer, keras.Model):
            yield from batch_normalizations(layer)


def reestimate_statistics(network: keras.Model, batches: Iterable[Mapping[str, tf.Tensor]]) -> None:
    """Sets each batch norm's moving statistics to the moments of the given inputs.

    With momentum zero a call in training mode leaves the batch's own moments in the statistics;
    those of all batches are combined by the law of total variance. All batches must be equal in
    size. A network without batch normalisation is left alone.
    """
    layers = list(batch_normalizations(network))
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    moments = []
    try:
        for inputs in batches:
            network(inputs, training=True)
            moments.append(
                [(tf.identity(la.moving_mean), tf.identity(la.moving_variance)) for la in layers]
            )
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
    for layer, of_layer in zip(layers, zip(*moments, strict=True), strict=True):
        means, variances = (tf.stack(values) for values in zip(*of_layer, strict=True))
        mean = tf.reduce_mean(means, axis=0)
        spread = tf.reduce_mean(tf.square(means - mean), axis=0)
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(tf.reduce_mean(variances, axis=0) + spread)
