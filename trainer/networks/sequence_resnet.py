"""Residual convolutions along sequences: symbols at all places at once, and their judge."""

from typing import Any

import keras

from trainer import catalogue
from trainer.networks.conditioning import joined
from trainer.networks.heads import heads
from trainer.networks.ports import Ports, the_sequence


class SequenceResNet:
    """Residual blocks of two convolutions at full length, in both players.

        x → x + 0.3 · conv(relu(conv(relu(x))))

    The generator answers with a distribution over the symbols at every place (softmax), the
    discriminator reads such distributions, of which real sequences are the one-hot ones. Neither
    looks across examples, so penalties on gradients are exact.

    Reference: Gulrajani et al. 2017, "Improved training of Wasserstein GANs", section 5.4 and
    appendix (language model); Killoran et al. 2017, "Generating and designing DNA with deep
    generative models".
    """

    def __init__(self, options: catalogue.SequenceResNet) -> None:
        self.options = options

    def generator(self, ports: Ports) -> keras.Model:
        """Latent [b, z] and the conditioning → distributions over symbols [b, T, V].

        Raises:
            ConfigError: where samples are no sequences.
        """
        inputs, filters = ports.keras_inputs(), self.options.filters
        name = the_sequence("sequence_resnet", ports.outputs)
        length, symbols = ports.outputs[name].fixed_shape
        x = keras.layers.Dense(length * filters)(joined(inputs))
        x = self._blocks(keras.layers.Reshape((length, filters))(x))
        x = keras.layers.Conv1D(symbols, 1, dtype="float32")(x)
        made = keras.layers.Softmax(dtype="float32", name=name)(x)
        return keras.Model(inputs, {name: made}, name="generator")

    def discriminator(self, ports: Ports) -> keras.Model:
        """Distributions [b, T, V] and the conditioning → the game's outputs, such as [b] logits.

        The conditioning is the same at every place.
        """
        inputs = ports.keras_inputs()
        return keras.Model(inputs, self._read(inputs, ports), name="discriminator")

    def encoder(self, ports: Ports) -> keras.Model:
        """Distributions [b, T, V] and the conditioning → latents, or properties of sequences."""
        inputs = ports.keras_inputs()
        return keras.Model(inputs, self._read(inputs, ports), name="encoder")

    def _read(self, inputs: dict[str, Any], ports: Ports) -> dict[str, Any]:
        name = the_sequence("sequence_resnet", ports.inputs)
        length = inputs[name].shape[1]
        conditioning = {
            n: keras.layers.RepeatVector(length)(x) for n, x in inputs.items() if n != name
        }
        channels = [inputs[name], *conditioning.values()]
        x = keras.layers.Concatenate()(channels) if conditioning else channels[0]
        x = self._blocks(keras.layers.Conv1D(self.options.filters, 1)(x))
        return heads(keras.layers.Flatten()(x), ports)

    def _blocks(self, x: Any) -> Any:
        for _ in range(self.options.blocks):
            x = self._block(x)
        return x

    def _block(self, x: Any) -> Any:
        y = x
        for _ in range(2):
            y = keras.layers.Activation("relu")(y)
            y = keras.layers.Conv1D(self.options.filters, self.options.kernel_size, padding="same")(
                y
            )
        scaled = keras.layers.Rescaling(self.options.residual)(y)
        return keras.layers.Add()([x, scaled])
