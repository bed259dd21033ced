"""Recurrent players of sequences and time series: an LSTM that makes, and one that judges."""

from collections.abc import Mapping
from typing import Any

import keras

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.networks.conditioning import conditions
from trainer.networks.heads import heads
from trainer.networks.ports import Ports, the_sequence


class Lstm:
    """An LSTM that turns numbers of each step into that step's sample, and one that reads samples.

    The latent's numbers are dealt to the steps, z_1 … z_T, and the conditioning stands beside each.
    The discriminator's answer is the mean of what it says at every step, in both directions of
    time.

    Reference: Mogren 2016, "C-RNN-GAN: continuous recurrent neural networks with adversarial
    training"; noise at every step, and nothing made that is fed back: Esteban et al. 2017,
    "Real-valued (medical) time series generation with recurrent conditional GANs".
    """

    def __init__(self, options: catalogue.Lstm) -> None:
        self.options = options

    def generator(self, ports: Ports) -> keras.Model:
        """Latent [b, T · k] and the conditioning → samples [b, T, d], or symbols' distributions.

        Raises:
            ConfigError: where samples are no sequences, or the latent cannot be dealt to the steps.
        """
        inputs, name = ports.keras_inputs(), the_sequence("lstm", ports.outputs)
        field = ports.outputs[name]
        length, numbers = field.fixed_shape
        (latent,) = ports.of_kind("latent")
        x = self._steps(_dealt(inputs[latent], length), conditions(inputs, ports))
        for _ in range(self.options.layers):
            x = self._lstm()(x)
        x = keras.layers.Dense(numbers, dtype="float32")(x)
        kind = "softmax" if field.kind == "tokens" else "linear"
        made = keras.layers.Activation(kind, dtype="float32", name=name)(x)
        return keras.Model(inputs, {name: made}, name="generator")

    def discriminator(self, ports: Ports) -> keras.Model:
        """Samples [b, T, d] and the conditioning → the game's outputs, such as [b] logits.

        Raises:
            ConfigError: where samples are no sequences.
        """
        inputs, name = ports.keras_inputs(), the_sequence("lstm", ports.inputs)
        x = self._steps(inputs[name], {n: x for n, x in inputs.items() if n != name})
        for _ in range(self.options.layers):
            x = keras.layers.Bidirectional(self._lstm())(x)
        # The mean of the hidden layers is that of the answers, which are linear in them.
        return keras.Model(
            inputs, heads(keras.layers.GlobalAveragePooling1D()(x), ports), name="discriminator"
        )

    def _steps(self, x: Any, conditioning: Mapping[str, Any]) -> Any:
        """Each step with the conditioning beside it."""
        beside = [keras.layers.RepeatVector(x.shape[1])(vector) for vector in conditioning.values()]
        return keras.layers.Concatenate()([x, *beside]) if beside else x

    def _lstm(self) -> keras.layers.LSTM:
        # cuDNN's has no second derivatives, which penalties on gradients take.
        return keras.layers.LSTM(self.options.hidden, return_sequences=True, use_cudnn=False)


def _dealt(latent: Any, length: int) -> Any:
    """A latent [b, T · k] as the numbers of each step, [b, T, k]."""
    size = latent.shape[-1]
    if size % length:
        raise ConfigError(
            f"prior.size: received {size} with sequences of {length} steps, to which the network "
            f"'lstm' deals it; take a multiple of {length}."
        )
    return keras.layers.Reshape((length, size // length))(latent)
