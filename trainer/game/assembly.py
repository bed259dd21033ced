"""From an experiment and its data to a game ready to be played."""

import contextlib
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import keras

from trainer import catalogue
from trainer.catalogue.terms.penalties import GradientBased
from trainer.config.experiment import Experiment
from trainer.data.examples import Dataset, DataSpec, Examples
from trainer.errors import ConfigError
from trainer.game import optimizers
from trainer.game.adversarial_loss import AdversarialLoss
from trainer.game.gan import GAN
from trainer.game.live import LiveModel
from trainer.game.parts import Parts
from trainer.game.players import Network, layers_of
from trainer.game.roles import SIDES, Role
from trainer.game.rounds.round import Round
from trainer.game.searches.subject import Subject
from trainer.game.signatures.signature import Signatures
from trainer.game.updater import Learner
from trainer.networks.ports import NetworkFamily, Ports, Reach

# Keras draws the seeds of initial weights from Python's own generator, and its precision is a
# setting of the process: one game is built at a time.
_BUILDING = threading.RLock()
# Kinds of roles whose gradients penalties are of.
_JUDGES = ("discriminator", "autoencoder")


class Game(NamedTuple):
    """A compiled GAN, and what it can be asked in its present state."""

    gan: GAN
    live: LiveModel


def assemble(
    experiment: Experiment,
    spec: DataSpec,
    *,
    replicas: int = 1,
    examples: Examples | None = None,
) -> Game:
    """Builds every part that an experiment names; call it in the strategy's scope.

    From `examples`, of training, statistics are re-estimated and pictures drawn.

    Raises:
        ConfigError: when the networks, the condition or a term do not fit the data.
    """
    catalogue.require_own_modules(experiment)
    round_ = make_round(experiment, spec)
    roles = round_.roles()
    build = _Builder(experiment, spec, roles)
    precision = experiment.train.precision
    # The moments of one replica alone (`tf.nn.moments`) hide the mean from second derivatives.
    synchronized = replicas > 1 or round_.looks_ahead
    networks = {name: build(name, precision=precision, synchronized=synchronized) for name in roles}
    reaches = {name: reach for name in roles if (reach := build.reach(name)) is not None}
    averages = {
        name: build(name, open_sizes=name in reaches)
        for name, role in roles.items()
        if role.averaged
    }
    gan = GAN(
        networks,
        averages,
        round=round_,
        spec=spec,
        seed=experiment.seed,
        ema_decay=experiment.train.ema_decay,
        compile_noise=replicas == 1 and experiment.devices.xla != "off",
    )
    gan.compile({side: _learner(gan, side, experiment) for side in _sides(roles)})
    offered = _offered(experiment, round_)
    return Game(gan, LiveModel(gan, experiment, build, offered, examples, reaches))


def prepare(experiment: Experiment, dataset: Dataset) -> None:
    """Makes what the parts of a game need of the data before the game is built for training.

    Raises:
        ConfigError: when it cannot be had of this data.
    """
    for part in (*experiment.penalties, *experiment.terms):
        if part.prepares:
            make = catalogue.import_attribute(part.prepares, field=part.name)
            make(part, experiment, dataset)


def _offered(
    experiment: Experiment, round_: Round
) -> Callable[[Mapping[str, Network]], Signatures]:
    """What a game can be asked: what its round offers, and the searches of the experiment."""

    def offered(networks: Mapping[str, Network]) -> Signatures:
        signatures = dict(round_.signatures(networks))
        if not experiment.export.searches:
            return signatures
        subject = searched(experiment, round_, signatures)
        for search in experiment.export.searches:
            signatures |= _made(search, subject)
        return signatures

    return offered


def searched(experiment: Experiment, round_: Round, offered: Signatures) -> Subject:
    """The generator of a game with its judge, as searches see them.

    Raises:
        ConfigError: when it makes no single sample of a latent.
    """
    return Subject(dict(offered), round_.parts.prior, _made(experiment.objective))


def make_round(experiment: Experiment, spec: DataSpec) -> Round:
    """The rules of play that an experiment names, wrapped as it says."""
    prior = _made(experiment.prior)
    condition = _made(experiment.condition, spec)

    def loss(judge: str) -> AdversarialLoss:
        objective = _made(experiment.objective)
        terms = {t.name: _made(t, parts) for t in (*experiment.penalties, *experiment.terms)}
        return AdversarialLoss(objective, terms, judge)

    parts = Parts(experiment, spec, prior, condition, loss)
    round_: Round = _made(experiment.round, parts)
    for wrapper in experiment.wrappers:
        round_ = _made(wrapper, round_, parts)
    return round_


def _made(options: catalogue.Component, *arguments: Any) -> Any:
    """What a component's options name; a user's own class takes its options as keywords."""
    make = catalogue.resolve(options)
    if not isinstance(options, catalogue.Custom):
        return make(options, *arguments)
    try:
        return make(*arguments, **options.options)
    except TypeError as error:
        raise ConfigError(
            f"{options.name}: received options {options.options!r}, which it does not take "
            f"({error}); give the arguments of its constructor."
        ) from error


def _sides(roles: Mapping[str, Role]) -> list[str]:
    """The sides that have a network."""
    return [side for side in SIDES if any(role.side == side for role in roles.values())]


def _learner(gan: GAN, side: str, experiment: Experiment) -> Learner:
    options = getattr(experiment.optimizers, side)
    return Learner(
        gan.players_of(side),
        optimizers.make(options),
        optimizers.rule(options),
        options.clip_norm,
        options.clip_weights,
    )


class _Builder:
    """Builds the network of a role, with initial weights from a stream of its own."""

    def __init__(self, experiment: Experiment, spec: DataSpec, roles: Mapping[str, Role]) -> None:
        self.experiment, self.spec, self.roles = experiment, spec, roles

    def __call__(
        self,
        name: str,
        *,
        precision: str = "float32",
        synchronized: bool = False,
        open_sizes: bool = False,
    ) -> keras.Model:
        """A new network of the role `name`."""
        options = self.experiment.network_of(name)
        role = self.roles[name]
        build = self._method(name, options, role)
        ports = Ports(role.inputs, role.outputs, synchronized, open_sizes)
        with _computing_in(precision), _initial_weights(f"{self.experiment.seed}/{name}"):
            model = build(ports)
        _check_outputs(model, name, options, role)
        if role.kind in _JUDGES:
            _check_mixing(model, name, self.experiment)
        return model

    def reach(self, name: str) -> Reach | None:
        """How far a translator looks; None for networks that do not take pictures of any size."""
        role = self.roles[name]
        ports = Ports(role.inputs, role.outputs)
        if role.kind != "generator" or not role.averaged or not ports.pictures:
            return None
        family: NetworkFamily = _made(self.experiment.network_of(name))
        measure = getattr(family, "reach", None)
        found: Reach | None = None if measure is None else measure(ports)
        return found

    def _method(self, name: str, options: catalogue.Network, role: Role) -> Any:
        family: NetworkFamily = _made(options)
        build = getattr(family, role.kind, None)
        if build is None:
            raise ConfigError(
                f"networks.{name}: {options.name!r} has no {role.kind}; set networks.{name} to a "
                "family that has one."
            )
        return build


def _check_outputs(model: keras.Model, name: str, options: catalogue.Network, role: Role) -> None:
    """Refuses a network whose answers do not fit the game.

    Raises:
        ConfigError: naming network and output, and both shapes where it is there.
    """
    answered = getattr(model, "output", None)
    if answered is None:
        return
    if not isinstance(answered, Mapping):
        answered = dict.fromkeys(list(role.outputs)[:1], answered)
    for output, field in role.outputs.items():
        if output not in answered:
            raise ConfigError(
                f"networks.{name}: {options.name!r} answers {', '.join(answered)} and no "
                f"{output!r}, which the objective, the round or a term asks for; let it answer "
                "that, too, or leave out what asks."
            )
        got = tuple(answered[output].shape[1:])
        fits = len(got) == len(field.shape) and all(
            a == b or None in (a, b) for a, b in zip(got, field.shape, strict=True)
        )
        # Several numbers an example, one a patch or a domain: objectives read both.
        fits = fits or (not field.shape and len(got) in (1, 2))
        if not fits and field.kind != "features":
            raise ConfigError(
                f"networks.{name}: {options.name!r} answers {output!r} with shape {got}, where the "
                f"game needs {field.shape}; change the network's last layer."
            )


def _check_mixing(model: keras.Model, name: str, experiment: Experiment) -> None:
    """Refuses a judge of the user's own that normalises by the batch under a gradient penalty.

    Of the library's own families the catalogue knows it before they are built.

    Raises:
        ConfigError: naming network and layer.
    """
    penalised = [p.name for p in experiment.penalties if isinstance(p, GradientBased)]
    layers = (x for x in layers_of(model) if isinstance(x, keras.layers.BatchNormalization))
    layer = next(layers, None)
    if penalised and layer is not None:
        raise ConfigError(
            f"networks.{name}: {experiment.network_of(name).name!r} has the batch normalisation "
            f"{layer.name!r} and the penalty {penalised[0]!r} is of the gradient of one example, "
            "which must not depend on its batch; take layer normalisation or none."
        )


@contextlib.contextmanager
def _initial_weights(stream: str) -> Iterator[None]:
    """Within, Keras draws its seeds from a stream of this name; Python's generator is untouched."""
    with _BUILDING:
        before = random.getstate()
        random.seed(stream)
        try:
            yield
        finally:
            random.setstate(before)


@contextlib.contextmanager
def _computing_in(policy: str) -> Iterator[None]:
    with _BUILDING:
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(policy)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(before)
