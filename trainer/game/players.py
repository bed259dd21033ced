"""Players: networks as the rounds call them, by the names of their inputs and outputs."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from trainer.game.roles import Role
from trainer.networks.ports import Reach

# Tensors by name: what a network is given, and what it answers.
Inputs = Mapping[str, tf.Tensor]
Outputs = Mapping[str, tf.Tensor]


class Network:
    """A network that takes what it knows of named inputs and answers by name.

    Args:
        model: a model of named inputs (`trainer.networks.ports.NetworkFamily`).
        role: what it plays.
        reach: how far it looks, where it takes pictures of any size; else None.
    """

    def __init__(self, model: keras.Model, role: Role, reach: Reach | None = None) -> None:
        self.model = model
        self.role = role
        self.reach = reach
        known = getattr(model, "input", None)
        self.names = tuple(known) if isinstance(known, Mapping) else tuple(role.inputs)

    def __call__(self, inputs: Inputs) -> Outputs:
        """The outputs in inference mode: a row depends on itself alone."""
        return self.named(self.model(self.known(inputs), training=False))

    def known(self, inputs: Inputs) -> dict[str, tf.Tensor]:
        """Those of the inputs that the network takes."""
        return {name: inputs[name] for name in self.names}

    def named(self, outputs: tf.Tensor | Outputs) -> Outputs:
        """The outputs by name, also where a user's network answers with a single tensor."""
        if isinstance(outputs, Mapping):
            return outputs
        (name,) = self.role.outputs
        return {name: outputs}


class Conditioned(Network):
    """A network in inference mode whose inputs are first completed.

    Args:
        network: which answers.
        complete: makes of the inputs of a request those that the network takes.
    """

    def __init__(self, network: Network, complete: Callable[[Inputs], Inputs]) -> None:
        super().__init__(network.model, network.role, network.reach)
        self._complete = complete

    def __call__(self, inputs: Inputs) -> Outputs:
        """The outputs; see `Network`."""
        return super().__call__(self._complete(inputs))


class _Place(threading.local):
    """Where a player stands while a step is traced.

    Replicas are traced in threads of their own, which take turns wherever they exchange something
    (in a synchronised batch normalisation, say); each has a place of its own.
    """

    weights: Sequence[tf.Tensor] | None = None
    still: bool = False
    arguments: Mapping[str, Any] = {}


class Player(Network):
    """A network in training.

    Attributes:
        average: the averaged network, called in inference mode; None where there is none.
    """

    def __init__(self, model: keras.Model, role: Role, average: Network | None = None) -> None:
        super().__init__(model, role)
        self.average = average
        self._place = _Place()
        self._followers = [layer for layer in layers_of(model) if hasattr(layer, "follow_weights")]

    def __call__(self, inputs: Inputs, *, freeze_statistics: bool = False) -> Outputs:
        """The outputs in training mode.

        Moving statistics take a step, unless they are frozen, or the player is `still` or stands
        elsewhere (`at`).
        """
        known = self.known(inputs)
        elsewhere, arguments = self._place.weights, self._place.arguments
        if elsewhere is None and not freeze_statistics and not self._place.still:
            return self.named(self.model(known, training=True, **arguments))
        outputs, _ = self.model.stateless_call(
            self.weights,
            [variable.value for variable in self.model.non_trainable_variables],
            known,
            training=True,
            **arguments,
        )
        return self.named(outputs)

    @property
    def weights(self) -> Sequence[tf.Tensor]:
        """The trainable weights where the player stands: the model's own, or those of `at`."""
        return self._place.weights or [v.value for v in self.model.trainable_variables]

    def follow_weights(self) -> None:
        """Moves what follows the weights, such as a spectral norm's vector; after every update."""
        for layer in self._followers:
            layer.follow_weights()

    @contextmanager
    def at(self, weights: Sequence[tf.Tensor]) -> Iterator[None]:
        """Within, the trainable weights are these tensors; gradients flow through them."""
        before, self._place.weights = self._place.weights, weights
        try:
            yield
        finally:
            self._place.weights = before

    @contextmanager
    def still(self) -> Iterator[None]:
        """Within, no call moves a statistic."""
        before, self._place.still = self._place.still, True
        try:
            yield
        finally:
            self._place.still = before

    @contextmanager
    def called_with(self, **arguments: Any) -> Iterator[None]:
        """Within, the model is called with these keyword arguments beside its inputs."""
        before, self._place.arguments = self._place.arguments, arguments
        try:
            yield
        finally:
            self._place.arguments = before


def layers_of(model: Any) -> Iterator[keras.layers.Layer]:
    """The layers of a model and of the models within, each once."""
    found: dict[int, keras.layers.Layer] = {}
    waiting = list(getattr(model, "layers", ()))
    while waiting:
        layer = waiting.pop(0)
        if id(layer) not in found:
            found[id(layer)] = layer
            waiting += getattr(layer, "layers", ())
    yield from found.values()


Players = Mapping[str, Player]
