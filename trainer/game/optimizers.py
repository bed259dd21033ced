"""Keras optimizers from the closed list, with learning-rate schedules of their own length.

Beside each optimizer stands its update as a pure function of position and gradients, for players
that look ahead: gradients flow through it, and no variable moves.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf

from trainer import catalogue
from trainer.game.turns import Position

# Where one update by these gradients leads from a position.
Rule = Callable[[Position, Sequence[tf.Tensor]], Position]

_schedules = keras.optimizers.schedules


def constant(rate: float, _: catalogue.Constant) -> Any:
    """The rate itself."""
    return rate


def linear(rate: float, options: catalogue.LinearDecay) -> Any:
    """`rate` for a while, then a straight line from there to `rate * final`."""
    fall = _schedules.PolynomialDecay(rate, options.steps, end_learning_rate=rate * options.final)
    return _Delayed(fall, options.constant) if options.constant else fall


class _Delayed(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that begins so many updates later; until then its first rate holds."""

    def __init__(self, schedule: Any, updates: int) -> None:
        self._schedule, self._updates = schedule, updates

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        return self._schedule(tf.maximum(tf.cast(step, tf.int64) - self._updates, 0))

    def get_config(self) -> dict[str, Any]:
        return {"schedule": self._schedule, "updates": self._updates}


def cosine(rate: float, options: catalogue.CosineDecay) -> Any:
    """Half a cosine from `rate` to `rate * final` (Loshchilov & Hutter 2017)."""
    return _schedules.CosineDecay(rate, options.steps, alpha=options.final)


def exponential(rate: float, options: catalogue.ExponentialDecay) -> Any:
    """`rate * options.rate ** (update / options.steps)`."""
    return _schedules.ExponentialDecay(rate, options.steps, options.rate)


def _learning_rate(options: catalogue.Optimizer) -> Any:
    return catalogue.resolve(options.schedule)(options.learning_rate, options.schedule)


class Optimistic(keras.optimizers.Optimizer):
    """What turns a Keras optimizer, inherited behind it, into its optimistic form.

        w_{t+1} = w_t - 2 d_t + d_{t-1},

    d_t the step that the optimizer itself would take: η g_t of gradient descent, η m_t / (√v_t + ε)
    of Adam. The last step counts as a forecast of the next one, so that two players who circle each
    other come to the centre. The first step has none before it.

    Reference: Daskalakis et al. 2018, "Training GANs with optimism", equation 4 and algorithm 1.
    """

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Makes the slots, and last among them one for each weight's last step."""
        if not self.built:
            super().build(variables)
            self.last_steps = self.add_optimizer_variables(variables, "last_step")

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: Any) -> None:
        """Takes the optimizer's step once more and the one before it back."""
        before = tf.identity(tf.convert_to_tensor(variable))
        super().update_step(gradient, variable, learning_rate)
        step = before - tf.convert_to_tensor(variable)
        last = self.last_steps[self._get_variable_index(variable)]
        self.assign_sub(variable, step - last)
        self.assign(last, step)


def _kind(plain: type[keras.optimizers.Optimizer], options: catalogue.Optimizer) -> Any:
    """An optimizer of Keras, or its optimistic form."""
    if not options.optimistic:
        return plain
    return type(f"Optimistic{plain.__name__}", (Optimistic, plain), {})


class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam, whose step of a weight is one operation of TensorFlow's instead of twenty.

    A small game spends a sixth of its time on starting those, and a large one reads its weights
    and moments ten times.
    """

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: Any) -> None:
        """W - α m / (√v + ε), in place; called by Keras for every weight on every replica."""
        t = tf.cast(self.iterations.value + 1, variable.dtype)
        index = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=self.beta_1**t,
            beta2_power=self.beta_2**t,
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )


def adam(options: catalogue.Adam) -> keras.optimizers.Optimizer:
    """Adam, with decoupled weight decay where there is any (AdamW, Loshchilov & Hutter 2019)."""
    # What the optimistic form takes back is a difference of weights: it is Keras' own arithmetic.
    plain = keras.optimizers.Adam if options.optimistic else FusedAdam
    return _kind(plain, options)(
        _learning_rate(options),
        beta_1=options.beta_1,
        beta_2=options.beta_2,
        epsilon=options.epsilon,
        weight_decay=options.weight_decay,
    )


def sgd(options: catalogue.SGD) -> keras.optimizers.Optimizer:
    """Stochastic gradient descent with momentum."""
    return _kind(keras.optimizers.SGD, options)(
        _learning_rate(options), momentum=options.momentum, nesterov=options.nesterov
    )


def rmsprop(options: catalogue.RMSprop) -> keras.optimizers.Optimizer:
    """RMSprop (Tieleman & Hinton 2012)."""
    return _kind(keras.optimizers.RMSprop, options)(
        _learning_rate(options),
        rho=options.rho,
        momentum=options.momentum,
        epsilon=options.epsilon,
    )


def slots(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    """What a built optimizer remembers of its gradients, weight by weight."""
    own = (id(optimizer.iterations), id(optimizer.learning_rate))
    return [variable for variable in optimizer.variables if id(variable) not in own]


def make(options: catalogue.Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer that the options name. Clipping is `trainer.game.updater`'s."""
    return catalogue.resolve(options)(options)


# ---- Updates as pure functions -------------------------------------------------------------------


def rule(options: catalogue.Optimizer) -> Rule:
    """The update of the optimizer that the options name, as `make`'s carries it out."""
    return _optimistic(_plain_rule(options)) if options.optimistic else _plain_rule(options)


def _optimistic(plain: Rule) -> Rule:
    """See `Optimistic`; the last steps are the last slots."""

    def moved(position: Position, gradients: Sequence[tf.Tensor]) -> Position:
        count = len(position.weights)
        remembered, last = position.slots[:-count], position.slots[-count:]
        after = plain(replace(position, slots=remembered), gradients)
        steps = [w - a for w, a in zip(position.weights, after.weights, strict=True)]
        weights = [
            a - (step - before) for a, step, before in zip(after.weights, steps, last, strict=True)
        ]
        return replace(after, weights=weights, slots=[*after.slots, *steps])

    return moved


def _plain_rule(options: catalogue.Optimizer) -> Rule:
    step: Any = {"adam": _adam_step, "sgd": _sgd_step, "rmsprop": _rmsprop_step}[options.name]
    schedule = _learning_rate(options)

    def moved(position: Position, gradients: Sequence[tf.Tensor]) -> Position:
        rate = schedule(position.iterations) if callable(schedule) else schedule
        per_weight = len(position.slots) // max(1, len(position.weights))
        weights: list[tf.Tensor] = []
        remembered: list[list[tf.Tensor]] = []
        for i, (weight, gradient) in enumerate(zip(position.weights, gradients, strict=True)):
            before = _slots_of(i, position, options)
            after, kept = step(options, weight, gradient, before, rate, position.iterations)
            weights.append(after)
            remembered.append(kept)
        return Position(
            weights, _in_order(remembered, options, per_weight), position.iterations + 1
        )

    return moved


def slots_per_weight(options: catalogue.Optimizer) -> int:
    """How many slots `rule` keeps for a weight; all begin at zero."""
    if isinstance(options, catalogue.Adam):
        return 2
    with_momentum = bool(getattr(options, "momentum", 0.0))
    return with_momentum + isinstance(options, catalogue.RMSprop)


def _slots_of(i: int, position: Position, options: catalogue.Optimizer) -> list[tf.Tensor]:
    """The slots of weight i: Adam's lie weight by weight, the others' slot by slot."""
    count = len(position.weights)
    per_weight = len(position.slots) // max(1, count)
    if options.name == "adam":
        return position.slots[i * per_weight : (i + 1) * per_weight]
    return [position.slots[number * count + i] for number in range(per_weight)]


def _in_order(
    remembered: list[list[tf.Tensor]], options: catalogue.Optimizer, per_weight: int
) -> list[tf.Tensor]:
    if options.name == "adam":
        return [slot for of_weight in remembered for slot in of_weight]
    return [of_weight[number] for number in range(per_weight) for of_weight in remembered]


def _adam_step(
    options: catalogue.Adam,
    weight: tf.Tensor,
    gradient: tf.Tensor,
    remembered: list[tf.Tensor],
    rate: Any,
    iterations: tf.Tensor,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """W - α m / (√v + ε), α corrected for the moments' start at zero (Kingma & Ba 2015)."""
    t = tf.cast(iterations + 1, weight.dtype)
    m, v = remembered
    m = m + (gradient - m) * (1.0 - options.beta_1)
    v = v + (tf.square(gradient) - v) * (1.0 - options.beta_2)
    alpha = rate * tf.sqrt(1.0 - options.beta_2**t) / (1.0 - options.beta_1**t)
    if options.weight_decay is not None:
        weight = weight - weight * options.weight_decay * rate
    # The root has no derivative at zero, where a weight that has no gradient stands.
    root = tf.sqrt(tf.maximum(v, 1e-30))
    return weight - m * alpha / (root + options.epsilon), [m, v]


def _sgd_step(
    options: catalogue.SGD,
    weight: tf.Tensor,
    gradient: tf.Tensor,
    remembered: list[tf.Tensor],
    rate: Any,
    iterations: tf.Tensor,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """W - α g, or with momentum w + m where m ← μ m - α g."""
    if not remembered:
        return weight - gradient * rate, []
    m = remembered[0] * options.momentum - gradient * rate
    if options.nesterov:
        return weight + m * options.momentum - gradient * rate, [m]
    return weight + m, [m]


def _rmsprop_step(
    options: catalogue.RMSprop,
    weight: tf.Tensor,
    gradient: tf.Tensor,
    remembered: list[tf.Tensor],
    rate: Any,
    iterations: tf.Tensor,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """W - α g / √(v + ε), or that by momentum (Tieleman & Hinton 2012)."""
    v = options.rho * remembered[0] + (1.0 - options.rho) * tf.square(gradient)
    step = rate * gradient / tf.sqrt(v + options.epsilon)
    if not options.momentum:
        return weight - step, [v]
    m = options.momentum * remembered[1] + step
    return weight - m, [v, m]
