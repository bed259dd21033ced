"""Keras optimizers from the closed list, with learning-rate schedules of their own length."""

from typing import Any

import keras

from trainer import catalogue

_schedules = keras.optimizers.schedules


def constant(rate: float, _: catalogue.Constant) -> Any:
    """The rate itself."""
    return rate


def linear(rate: float, options: catalogue.LinearDecay) -> Any:
    """A straight line from `rate` to `rate * final`."""
    return _schedules.PolynomialDecay(rate, options.steps, end_learning_rate=rate * options.final)


def cosine(rate: float, options: catalogue.CosineDecay) -> Any:
    """Half a cosine from `rate` to `rate * final` (Loshchilov & Hutter 2017)."""
    return _schedules.CosineDecay(rate, options.steps, alpha=options.final)


def exponential(rate: float, options: catalogue.ExponentialDecay) -> Any:
    """`rate * options.rate ** (update / options.steps)`."""
    return _schedules.ExponentialDecay(rate, options.steps, options.rate)


def _learning_rate(options: catalogue.Optimizer) -> Any:
    return catalogue.resolve(options.schedule)(options.learning_rate, options.schedule)


def adam(options: catalogue.Adam) -> keras.optimizers.Optimizer:
    """Adam, or AdamW when there is weight decay."""
    moments = {"beta_1": options.beta_1, "beta_2": options.beta_2, "epsilon": options.epsilon}
    rate = _learning_rate(options)
    if options.weight_decay is not None:
        return keras.optimizers.AdamW(rate, weight_decay=options.weight_decay, **moments)
    return keras.optimizers.Adam(rate, **moments)


def sgd(options: catalogue.SGD) -> keras.optimizers.Optimizer:
    """Stochastic gradient descent with momentum."""
    return keras.optimizers.SGD(
        _learning_rate(options), momentum=options.momentum, nesterov=options.nesterov
    )


def rmsprop(options: catalogue.RMSprop) -> keras.optimizers.Optimizer:
    """RMSprop (Tieleman & Hinton 2012)."""
    return keras.optimizers.RMSprop(
        _learning_rate(options),
        rho=options.rho,
        momentum=options.momentum,
        epsilon=options.epsilon,
    )


def make(options: catalogue.Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer that the options name. Clipping is `trainer.game.updater`'s."""
    return catalogue.resolve(options)(options)
