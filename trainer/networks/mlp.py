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

    Images leave the generator through tanh, symbols through softmax; points, tables and the like
    leave it linearly, so that values beyond the measured range remain reachable.
    """

    def __init__(self, options: catalogue.MLP) -> None:
        self.options = options
        smooth = options.activation == "tanh"
        self._making, self._judging = ("tanh", "tanh") if smooth else ("relu", "leaky_relu")

    def generator(self, ports: Ports) -> keras.Model:
        """Latent [b, z] and what else is told → samples."""
        options, inputs = self.options, ports.keras_inputs()
        x = _hidden(
            joined(inputs), options.units, options.generator_normalization, self._making, ports
        )
        return keras.Model(inputs, samples(x, ports), name="generator")

    def encoder(self, ports: Ports) -> keras.Model:
        """Samples → latents and the like."""
        options, inputs = self.options, ports.keras_inputs()
        x = _hidden(
            joined(inputs), options.units, options.generator_normalization, self._judging, ports
        )
        return keras.Model(inputs, heads(x, ports), name="encoder")

    def discriminator(self, ports: Ports) -> keras.Model:
        """Samples and what else is told → the game's outputs, such as {"logits": [b]}."""
        options, inputs = self.options, ports.keras_inputs()
        units = options.discriminator_units or options.units
        x = _hidden(
            joined(inputs), units, options.discriminator_normalization, self._judging, ports
        )
        x = compared(x, options)
        outputs = heads(x, ports, normalization=options.discriminator_normalization)
        return keras.Model(inputs, outputs, name="discriminator")

    def autoencoder(self, ports: Ports) -> keras.Model:
        """Samples and what else is told → their energies, [b], and what the game asks of the code.

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
) -> Any:
    for width in units:
        x = dense(normalization)(width, use_bias=has_bias(normalization))(x)
        x = normalize(x, normalization, ports)
        x = keras.layers.Activation(activation)(x)
    return x
