"""Averaged networks: exponential moving averages of weights with statistics of their own.

A network used in inference mode needs batch-norm statistics that fit its weights. Statistics
averaged along with the weights lag them, so they are re-estimated from fixed inputs instead,
whenever the averaged network is about to be used.
"""

from collections.abc import Iterable, Mapping, Sequence

import keras
import tensorflow as tf

_MOMENTS = ("moving_mean", "moving_variance")
# A power of two, far above any moment, from which a momentum is read off exactly enough.
_FAR = 2.0**20


def ramped_decay(decay: float, step: tf.Tensor) -> tf.Tensor:
    """min(decay, (1 + t) / (10 + t)): a short memory while the weights still move fast."""
    t = tf.cast(step, tf.float32)
    return tf.minimum(decay, (1.0 + t) / (10.0 + t))


def update(average: keras.Model, network: keras.Model, decay: tf.Tensor) -> None:
    """Average ← decay · average + (1 - decay) · network, over trainable weights.

    Other numbers of a network that are no moments (a spectral norm's vector, say) are copied.
    Called in replica context; the weights are equal on every replica, so each moves its own copy.
    """
    share = 1.0 - decay
    pairs = [(a, w, share) for a, w in _pairs(average, network)]
    pairs += [(a, w, tf.ones([])) for a, w in _pairs(average, network, "non_trainable_variables")]

    def move(target: tf.Variable, weight: tf.Tensor, share: tf.Tensor) -> None:
        target.assign_sub((target - tf.cast(weight, target.dtype)) * tf.cast(share, target.dtype))

    def move_all(strategy: tf.distribute.Strategy, shares: list[tf.Tensor]) -> None:
        for (target, weight, _), share in zip(pairs, shares, strict=True):
            strategy.extended.update(target, move, args=(weight, share), group=False)

    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        for target, weight, share in pairs:
            move(target, weight, share)
    else:
        shares = [share for _, _, share in pairs]
        tf.distribute.get_replica_context().merge_call(move_all, args=(shares,))


def _pairs(
    average: keras.Model, network: keras.Model, which: str = "trainable_variables"
) -> list[tuple[tf.Variable, tf.Variable]]:
    """The values of both networks' float variables that are no moments."""
    return [
        (a.value, w.value)
        for a, w in zip(getattr(average, which), getattr(network, which), strict=True)
        if not is_moment(a) and tf.as_dtype(a.dtype).is_floating
    ]


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Gives `target` the weights of `source`, statistics included."""
    for a, b in zip(target.variables, source.variables, strict=True):
        a.assign(b)


class Statistics:
    """The moving statistics of a network's batch norms, which are false where there are none.

    Args:
        network: in which they lie, however deep.
    """

    def __init__(self, network: keras.Model) -> None:
        self._network = network
        self._variables = [v for v in network.non_trainable_variables if is_moment(v)]
        # It is called for every batch, and at every checkpoint again.
        self._moved = tf.function(self._moved_from, autograph=False)

    def __bool__(self) -> bool:
        return bool(self._variables)

    def reestimate(self, batches: Iterable[Mapping[str, tf.Tensor]]) -> None:
        """Sets each of them to the moment of the given inputs.

        A call in training mode moves statistics from `old` to `m·old + (1 - m)·moment`: from zero,
        and from far away for the momentum m, the batch's moment can be read off. The moments of all
        batches are combined by the law of total variance. All batches must be equal in size.
        """
        if not self:
            return
        of_batches: list[list[tf.Tensor]] = []
        shares: list[tf.Tensor] = []
        for inputs in batches:
            from_zero = self._moved(inputs, tf.constant(0.0))
            if not shares:
                far = self._moved(inputs, tf.constant(_FAR))
                momenta = [(f - z) / _FAR for f, z in zip(far, from_zero, strict=True)]
                shares = [1.0 - tf.reduce_mean(momentum) for momentum in momenta]
            of_batches.append([z / share for z, share in zip(from_zero, shares, strict=True)])
        self._assign(zip(*of_batches, strict=True))

    def _assign(self, of_batches: Iterable[Sequence[tf.Tensor]]) -> None:
        """Takes over the moments of all batches, variable by variable."""
        moments = {
            variable.path: tf.stack(values)
            for variable, values in zip(self._variables, of_batches, strict=True)
        }
        for variable in self._variables:
            layer, _, kind = variable.path.rpartition("/")
            moment = tf.reduce_mean(moments[variable.path], axis=0)
            if kind == "moving_variance":
                means = moments[f"{layer}/moving_mean"]
                moment += tf.reduce_mean(tf.square(means - tf.reduce_mean(means, axis=0)), axis=0)
            variable.assign(moment)

    def _moved_from(self, inputs: Mapping[str, tf.Tensor], old: tf.Tensor) -> list[tf.Tensor]:
        """Where a call in training mode moves the statistics that stand at `old`."""
        others = self._network.non_trainable_variables
        before = [
            tf.fill(v.shape, tf.cast(old, v.dtype)) if is_moment(v) else v.value for v in others
        ]
        trainable = [variable.value for variable in self._network.trainable_variables]
        # A layer's own name need not be one that TensorFlow takes for the outermost scope.
        with tf.name_scope("statistics"):
            _, after = self._network.stateless_call(trainable, before, inputs, training=True)
        return [new for v, new in zip(others, after, strict=True) if is_moment(v)]


def is_moment(variable: keras.Variable) -> bool:
    """Whether a variable is a moving statistic, which follows inputs instead of weights."""
    return str(variable.path).endswith(_MOMENTS)
