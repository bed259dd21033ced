"""The last layers of a network: an answer for each output that the game asks for."""

import math
from typing import Any

import keras

from trainer.fields import Field
from trainer.networks.ports import Ports

# How a made sample leaves its network, by kind; others leave it linearly, so that values beyond
# the measured range remain reachable.
_ACTIVATIONS = {"image": "tanh", "tokens": "softmax"}


def heads(x: Any, ports: Ports) -> dict[str, Any]:
    """A dense layer for each output behind a hidden layer [b, d], float32.

    An output of kind "features" is the hidden layer itself.
    """
    return {name: _head(x, name, field) for name, field in ports.outputs.items()}


def _head(x: Any, name: str, field: Field) -> Any:
    if field.kind == "features":
        return keras.layers.Activation("linear", dtype="float32", name=name)(x)
    answer = keras.layers.Dense(math.prod(_sides(field)), dtype="float32")(x)
    return keras.layers.Reshape(_sides(field), dtype="float32", name=name)(answer)


def samples(x: Any, ports: Ports) -> dict[str, Any]:
    """A dense layer for each sample to be made behind a hidden layer [b, d], float32."""
    return {name: _sample(x, name, field) for name, field in ports.outputs.items()}


def _sample(x: Any, name: str, field: Field) -> Any:
    shape = _sides(field)
    x = keras.layers.Dense(math.prod(shape), dtype="float32")(x)
    activation = _ACTIVATIONS.get(field.kind)
    if activation is None:
        return keras.layers.Reshape(shape, name=name, dtype="float32")(x)
    x = keras.layers.Reshape(shape, dtype="float32")(x)
    return keras.layers.Activation(activation, name=name, dtype="float32")(x)


def _sides(field: Field) -> tuple[int, ...]:
    return tuple(int(side or 0) for side in field.shape)
