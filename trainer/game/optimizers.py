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
    kind = {"adam": _Adam, "sgd": _SGD, "rmsprop": _RMSprop}[options.name]
    schedule = _learning_rate(options)

    def moved(position: Position, gradients: Sequence[tf.Tensor]) -> Position:
        rate = schedule(position.iterations) if callable(schedule) else schedule
        update = kind(options, rate, position.iterations)
        slots = update.by_weight(position.slots, len(position.weights))
        of_weights = [
            update(*of_weight) for of_weight in zip(position.weights, gradients, slots, strict=True)
        ]
        return Position(
            [weight for weight, _ in of_weights],
            update.in_order([kept for _, kept in of_weights]),
            position.iterations + 1,
        )

    return moved


def slots_per_weight(options: catalogue.Optimizer) -> int:
    """How many slots `rule` keeps for a weight; all begin at zero."""
    if isinstance(options, catalogue.Adam):
        return 2
    with_momentum = bool(getattr(options, "momentum", 0.0))
    return with_momentum + isinstance(options, catalogue.RMSprop)


# What a weight becomes, and its slots.
_Moved = tuple[tf.Tensor, list[tf.Tensor]]


class _Update:
    """One update of a side, which moves weight after weight.

    Args:
        options: of the optimizer.
        rate: the learning rate of this update.
        iterations: updates before it.
    """

    def __init__(self, options: Any, rate: Any, iterations: tf.Tensor) -> None:
        self.options, self.rate, self.iterations = options, rate, iterations

    def __call__(self, weight: tf.Tensor, gradient: tf.Tensor, slots: list[tf.Tensor]) -> _Moved:
        """Where a weight moves by its gradient, and what is remembered of it."""
        raise NotImplementedError

    def by_weight(self, slots: list[tf.Tensor], count: int) -> list[list[tf.Tensor]]:
        """The slots of each of `count` weights: they lie slot by slot."""
        return [slots[number::count] for number in range(count)]

    def in_order(self, by_weight: list[list[tf.Tensor]]) -> list[tf.Tensor]:
        """The other way round."""
        return [slot for of_one_kind in zip(*by_weight, strict=True) for slot in of_one_kind]


class _Adam(_Update):
    """W - α m / (√v + ε), α corrected for the moments' start at zero (Kingma & Ba 2015)."""

    def __call__(self, weight: tf.Tensor, gradient: tf.Tensor, slots: list[tf.Tensor]) -> _Moved:
        options, t = self.options, tf.cast(self.iterations + 1, weight.dtype)
        m, v = slots
        m = m + (gradient - m) * (1.0 - options.beta_1)
        v = v + (tf.square(gradient) - v) * (1.0 - options.beta_2)
        alpha = self.rate * tf.sqrt(1.0 - options.beta_2**t) / (1.0 - options.beta_1**t)
        if options.weight_decay is not None:
            weight = weight - weight * options.weight_decay * self.rate
        # The root has no derivative at zero, where a weight that has no gradient stands.
        root = tf.sqrt(tf.maximum(v, 1e-30))
        return weight - m * alpha / (root + options.epsilon), [m, v]

    def by_weight(self, slots: list[tf.Tensor], count: int) -> list[list[tf.Tensor]]:
        """The slots of each weight: they lie weight by weight."""
        return [slots[2 * number : 2 * number + 2] for number in range(count)]

    def in_order(self, by_weight: list[list[tf.Tensor]]) -> list[tf.Tensor]:
        """The other way round."""
        return [slot for of_weight in by_weight for slot in of_weight]


class _SGD(_Update):
    """W - α g, or with momentum w + m where m ← μ m - α g."""

    def __call__(self, weight: tf.Tensor, gradient: tf.Tensor, slots: list[tf.Tensor]) -> _Moved:
        if not slots:
            return weight - gradient * self.rate, []
        momentum = self.options.momentum
        m = slots[0] * momentum - gradient * self.rate
        if self.options.nesterov:
            return weight + m * momentum - gradient * self.rate, [m]
        return weight + m, [m]


class _RMSprop(_Update):
    """W - α g / √(v + ε), or that by momentum (Tieleman & Hinton 2012)."""

    def __call__(self, weight: tf.Tensor, gradient: tf.Tensor, slots: list[tf.Tensor]) -> _Moved:
        options = self.options
        v = options.rho * slots[0] + (1.0 - options.rho) * tf.square(gradient)
        step = self.rate * gradient / tf.sqrt(v + options.epsilon)
        if not options.momentum:
            return weight - step, [v]
        m = options.momentum * slots[1] + step
        return weight - m, [v, m]
