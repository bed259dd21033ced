"""Fully connected players, as in Goodfellow et al. 2014."""

import math
from typing import Any

import keras

from trainer import catalogue
from trainer.networks.ports import NetworkSpec, Normalization, logits_output, normalize


class MLP:
    """Generator and discriminator of dense layers with ReLU and leaky ReLU.

    Images leave the generator through tanh; points, tables and the like leave it linearly, so that
    values beyond the measured range remain reachable.
    """

    def __init__(self, options: catalogue.MLP) -> None:
        self.options = options

    def generator(self, spec: NetworkSpec) -> keras.Model:
        """Latent [b, z] (, condition [b, y]) → sample [b, *sample_shape]."""
        inputs = {"latent": keras.Input((spec.latent_size,), name="latent")}
        inputs |= spec.condition_input()
        x = _joined(list(inputs.values()))
        x = _hidden(x, self.options.units, self.options.generator_normalization, "relu", spec)
        x = keras.layers.Dense(math.prod(spec.sample_shape), dtype="float32")(x)
        if len(spec.sample_shape) == 3:
            x = keras.layers.Activation("tanh", dtype="float32")(x)
        sample = keras.layers.Reshape(spec.sample_shape, name="sample", dtype="float32")(x)
        return keras.Model(inputs, sample, name="generator")

    def discriminator(self, spec: NetworkSpec) -> keras.Model:
        """Sample (, condition) → {"logits": [b]}."""
        options = self.options
        inputs = {"sample": keras.Input(spec.sample_shape, name="sample")}
        inputs |= spec.condition_input()
        flat = keras.layers.Flatten()(inputs["sample"])
        x = _joined([flat, *list(inputs.values())[1:]])
        units = options.discriminator_units or options.units
        x = _hidden(x, units, options.discriminator_normalization, "leaky_relu", spec)
        return keras.Model(inputs, logits_output(x), name="discriminator")


def _joined(tensors: list[Any]) -> Any:
    return keras.layers.Concatenate()(tensors) if len(tensors) > 1 else tensors[0]


def _hidden(
    x: Any,
    units: tuple[int, ...],
    normalization: Normalization,
    activation: str,
    spec: NetworkSpec,
) -> Any:
    for width in units:
        # A bias in front of a normalisation has a gradient of pure rounding noise.
        x = keras.layers.Dense(width, use_bias=normalization == "none")(x)
        x = normalize(x, normalization, spec)
        x = keras.layers.Activation(activation)(x)
    return x
