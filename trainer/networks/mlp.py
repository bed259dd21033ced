"""Fully connected networks, as in Goodfellow et al. 2014."""

from dataclasses import replace
from typing import Any

import keras

from trainer import catalogue
from trainer.networks.comparing import compared
from trainer.networks.conditioning import Normalization, dense, has_bias, joined, normalize
from trainer.networks.heads import energy, heads, samples
from trainer.networks.ports import Ports


class MLP:
    """Dense layers: ReLU in what makes samples, leaky ReLU in what judges them, or tanh in both.

    Images leave the generator through tanh, symbols through softmax, rows of tables through both;
    points and the like leave it linearly, so that values beyond the measured range remain
    reachable.
    """

    def __init__(self, options: catalogue.MLP) -> None:
        self.options = options
        smooth = options.activation == "tanh"
        self._making, self._judging = ("tanh", "tanh") if smooth else ("relu", "leaky_relu")

    def generator(self, ports: Ports) -> keras.Model:
        """Latent [b, z] and the conditioning → samples."""
        options, inputs = self.options, ports.keras_inputs(key=_rolls_dice(ports))
        key = next((inputs[name] for name in ports.of_kind("key") if name in inputs), None)
        x = _hidden(
            joined({name: x for name, x in inputs.items() if x is not key}),
            options.units,
            options.generator_normalization,
            self._making,
            ports,
            handed_on=options.generator_skips,
        )
        made = samples(x, ports, key=key, temperature=options.temperature)
        return keras.Model(inputs, made, name="generator")

    def encoder(self, ports: Ports) -> keras.Model:
        """Samples → latents and the like."""
        options, inputs = self.options, ports.keras_inputs()
        x = _hidden(
            joined(inputs), options.units, options.generator_normalization, self._judging, ports
        )
        return keras.Model(inputs, heads(x, ports), name="encoder")

    def discriminator(self, ports: Ports) -> keras.Model:
        """Samples and the conditioning → the game's outputs, such as {"logits": [b]}."""
        options, inputs = self.options, ports.keras_inputs()
        units = options.discriminator_units or options.units
        x = _hidden(
            joined(inputs), units, options.discriminator_normalization, self._judging, ports
        )
        x = compared(x, options)
        outputs = heads(x, ports, normalization=options.discriminator_normalization)
        return keras.Model(inputs, outputs, name="discriminator")

    def autoencoder(self, ports: Ports) -> keras.Model:
        """Samples and the conditioning → their energies, [b], and what the game asks of the code.

        The code is the last hidden layer; one layer decodes it (Zhao et al. 2017, appendix B).
        """
        options, inputs = self.options, ports.keras_inputs()
        units = options.discriminator_units or options.units
        code = _hidden(
            joined(inputs), units, options.discriminator_normalization, self._judging, ports
        )
        decoding = replace(ports, outputs={"decoded": ports.inputs["sample"]})
        decoded = samples(code, decoding)["decoded"]
        outputs = energy(code, inputs["sample"], decoded, ports)
        return keras.Model(inputs, outputs, name="autoencoder")


def _hidden(
    x: Any,
    units: tuple[int, ...],
    normalization: Normalization,
    activation: str,
    ports: Ports,
    *,
    handed_on: bool = False,
) -> Any:
    for width in units:
        before = x
        x = dense(normalization)(width, use_bias=has_bias(normalization))(x)
        x = normalize(x, normalization, ports)
        x = keras.layers.Activation(activation)(x)
        if handed_on:
            x = keras.layers.Concatenate()([x, before])
    return x


def _rolls_dice(ports: Ports) -> bool:
    """Whether what is made has categories, which dice choose."""
    return any(field.kind == "table" for field in ports.outputs.values())
