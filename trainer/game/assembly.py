"""From an experiment and its data to a game ready to be played."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import keras

from trainer import catalogue
from trainer.config.experiment import Experiment
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.game import optimizers
from trainer.game.conditions.label import Condition
from trainer.game.gan import GAN
from trainer.game.priors import Prior
from trainer.game.rounds.ordinary import Round
from trainer.game.sampling import Sampler
from trainer.game.updater import Learner
from trainer.networks.ports import NetworkFamily, NetworkSpec


class Game(NamedTuple):
    """A compiled GAN with the sampler of its averaged generator."""

    gan: GAN
    sampler: Sampler


def assemble(experiment: Experiment, spec: DataSpec, *, replicas: int = 1) -> Game:
    """Builds every part that an experiment names; call it in the strategy's scope.

    Raises:
        ConfigError: when the networks or the condition do not fit the data.
    """
    keras.utils.set_random_seed(experiment.seed % 2**32)
    prior: Prior = catalogue.resolve(experiment.prior)(experiment.prior)
    condition: Condition = catalogue.resolve(experiment.condition)(experiment.condition, spec)
    shapes = NetworkSpec(spec.sample.fixed_shape, prior.size, condition.size)
    family = _family(experiment, spec)
    with _computing_in(experiment.train.precision):
        trained = replace(shapes, synchronized=replicas > 1)
        generator, discriminator = family.generator(trained), family.discriminator(trained)
    with _computing_in("float32"):
        average = family.generator(shapes)
    gan = GAN(
        generator,
        discriminator,
        average=average,
        round=_round(experiment, prior, condition),
        spec=spec,
        seed=experiment.seed,
        ema_decay=experiment.train.ema_decay,
    )
    gan.compile(
        _learner(generator, experiment.optimizers.generator),
        _learner(discriminator, experiment.optimizers.discriminator),
    )
    return Game(gan, Sampler(average, prior=prior, condition=condition, spec=spec))


def float32_discriminator(experiment: Experiment, sampler: Sampler) -> keras.Model:
    """A new discriminator that computes in float32, for exports."""
    shapes = NetworkSpec(
        sampler.spec.sample.fixed_shape, sampler.prior.size, sampler.condition.size
    )
    with _computing_in("float32"):
        return _family(experiment, sampler.spec).discriminator(shapes)


def _family(experiment: Experiment, spec: DataSpec) -> NetworkFamily:
    options = experiment.network
    if isinstance(options, catalogue.Custom):
        cls = catalogue.import_attribute(options.name, field="network.name")
        try:
            return cls(**options.options)
        except TypeError as error:
            raise ConfigError(
                f"network.options: received {options.options!r}, which {options.name} does not "
                f"take ({error}); give the arguments of its constructor."
            ) from error
    if options.name == "dcgan" and spec.sample.kind != "image":
        raise ConfigError(
            f"network.name: received 'dcgan', but samples have shape {spec.sample.shape}, which "
            "is not height, width and channels; set network.name=mlp."
        )
    return catalogue.resolve(options)(options)


def _round(experiment: Experiment, prior: Prior, condition: Condition) -> Round:
    objective = catalogue.resolve(experiment.objective)(experiment.objective)
    penalties = {p.name: catalogue.resolve(p)(p) for p in experiment.penalties}
    round_: Round = catalogue.resolve(experiment.round)(
        experiment.round,
        objective=objective,
        penalties=penalties,
        prior=prior,
        condition=condition,
    )
    return round_


def _learner(network: keras.Model, options: catalogue.Optimizer) -> Learner:
    return Learner(network, optimizers.make(options), options.clip_norm)


@contextlib.contextmanager
def _computing_in(policy: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
