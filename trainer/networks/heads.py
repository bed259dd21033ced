"""The last layers of a network: an answer for each output that the game asks for."""

import math
from dataclasses import replace
from typing import Any

import keras

from trainer.fields import Field
from trainer.layers.deviations import Deviations
from trainer.layers.mixed_columns import MixedColumns
from trainer.layers.squared_distance import SquaredDistance
from trainer.networks.conditioning import Normalization, dense
from trainer.networks.ports import Ports

# How a made sample leaves its network, by kind; others leave it linearly, so that values beyond
# the measured range remain reachable.
_ACTIVATIONS = {"image": "tanh", "clip": "tanh", "tokens": "softmax"}


def heads(
    x: Any,
    ports: Ports,
    conditioning: Any = None,
    normalization: Normalization = "none",
    *,
    alone: Any = None,
) -> dict[str, Any]:
    """A dense layer for each output behind a hidden layer [b, d], float32.

    An output of kind "features" is the hidden layer itself. One of kind "head" is read from the
    features `alone`, which know nothing but the sample, where something joined them. With
    `conditioning`, a vector c [b, d], the logits gain its projection on the hidden layer, c · V x.
    Of all normalisations the spectral one alone is the last layers' too.

    Reference: Miyato & Koyama 2018, "cGANs with projection discriminator", equation 3.
    """
    layer = dense(normalization)
    read = {"head": x if alone is None else alone}
    outputs = {
        name: _head(read.get(field.kind, x), name, field, layer)
        for name, field in ports.outputs.items()
    }
    if conditioning is not None and "logits" in outputs:
        embedded = layer(x.shape[-1], use_bias=False, dtype="float32")(conditioning)
        projected = keras.layers.Dot(axes=-1, dtype="float32")([embedded, x])
        projected = keras.layers.Reshape((), dtype="float32")(projected)
        outputs["logits"] = keras.layers.Add(dtype="float32")([outputs["logits"], projected])
    return outputs


def _head(x: Any, name: str, field: Field, layer: type[keras.layers.Dense]) -> Any:
    if field.kind == "features":
        return keras.layers.Activation("linear", dtype="float32", name=name)(x)
    answer = layer(math.prod(_sides(field)), dtype="float32")(x)
    return keras.layers.Reshape(_sides(field), dtype="float32", name=name)(answer)


def energy(code: Any, seen: Any, decoded: Any, ports: Ports) -> dict[str, Any]:
    """The answers of an autoencoder that judges: "energy", and heads behind its code [b, d].

    The energy is the squared error of what it decodes, summed over all numbers of an example.
    """
    others = {name: field for name, field in ports.outputs.items() if name != "energy"}
    answers = heads(code, replace(ports, outputs=others))
    return {"energy": SquaredDistance(name="energy")([seen, decoded]), **answers}


def samples(x: Any, ports: Ports, *, key: Any = None, temperature: float = 1.0) -> dict[str, Any]:
    """A dense layer for each sample to be made behind a hidden layer [b, d], float32.

    Rows of a table leave it through `MixedColumns`, with dice of a row's `key` where it is given;
    deviations are weights of their own.
    """
    return {
        name: _sample(x, name, field, key, temperature) for name, field in ports.outputs.items()
    }


def _sample(x: Any, name: str, field: Field, key: Any, temperature: float) -> Any:
    shape = _sides(field)
    if field.kind == "deviation":
        return Deviations(math.prod(shape), name=name, dtype="float32")(x)
    x = keras.layers.Dense(math.prod(shape), dtype="float32")(x)
    if field.kind == "table":
        parts = [part[1:] for part in field.about["parts"]]
        layer = MixedColumns(parts, temperature, name=name, dtype="float32")
        return layer([x] if key is None else [x, key])
    activation = _ACTIVATIONS.get(field.kind)
    if activation is None:
        return keras.layers.Reshape(shape, name=name, dtype="float32")(x)
    x = keras.layers.Reshape(shape, dtype="float32")(x)
    return keras.layers.Activation(activation, name=name, dtype="float32")(x)


def _sides(field: Field) -> tuple[int, ...]:
    return tuple(int(side or 0) for side in field.shape)
