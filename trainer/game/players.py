"""Players: networks as the rounds call them."""

from collections.abc import Mapping
from typing import NamedTuple

import keras
import tensorflow as tf


class Player:
    """A network in training, called with the condition where there is one.

    Args:
        network: a model of named inputs; see `trainer.networks.ports.NetworkFamily`.
        subject: name of its first input: "latent" or "sample".
    """

    def __init__(self, network: keras.Model, subject: str) -> None:
        self.network = network
        self.subject = subject

    def __call__(self, x: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """The outputs in training mode; moving statistics take a step."""
        return self.network(self._inputs(x, condition), training=True)

    def without_moving_statistics(
        self, x: tf.Tensor, condition: tf.Tensor | None = None
    ) -> tf.Tensor:
        """The outputs in training mode, leaving every moving statistic where it is."""
        outputs, _ = self.network.stateless_call(
            [variable.value for variable in self.network.trainable_variables],
            [variable.value for variable in self.network.non_trainable_variables],
            self._inputs(x, condition),
            training=True,
        )
        return outputs

    def _inputs(self, x: tf.Tensor, condition: tf.Tensor | None) -> Mapping[str, tf.Tensor]:
        inputs = {self.subject: x}
        return inputs if condition is None else inputs | {"condition": condition}


class Players(NamedTuple):
    """The two sides of the game."""

    generator: Player
    discriminator: Player
