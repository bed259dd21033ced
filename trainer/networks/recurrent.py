"""A recurrent writer of symbols, and convolutions over time that judge what it wrote.

Either may be conditioned on a picture, which convolutions in space read.
"""

from dataclasses import replace
from typing import Any

import keras

from trainer import catalogue
from trainer.layers.strided_convolution import Conv2D
from trainer.networks.conditioning import joined
from trainer.networks.dcgan import resolutions
from trainer.networks.heads import heads
from trainer.networks.ports import Ports


class Recurrent:
    """An LSTM cell, and a discriminator of convolutions, a maximum over time and a highway layer.

    Symbols come one-hot, and are embedded by each player for itself. Weights start from a normal
    distribution of standard deviation 0.1.

    Reference: Yu et al. 2017, "SeqGAN: sequence generative adversarial nets with policy gradient",
    section 3; its discriminator: Kim 2014 with the highway of Srivastava et al. 2015. Of pictures:
    Dai et al. 2017, "Towards diverse and natural image descriptions via a conditional GAN".
    """

    def __init__(self, options: catalogue.Recurrent) -> None:
        self.options = options

    def cell(self, ports: Ports) -> keras.Model:
        """A symbol [b, V] and a state [b, s] → the next symbol's logits [b, V], the next state.

        Its conditioning, such as what was read of a picture, stands beside every symbol; what
        else the game asks for, such as a value, is read off the hidden state.
        """
        units, (symbols,) = self.options.hidden, ports.outputs["logits"].fixed_shape
        symbol = keras.Input((symbols,), name="symbol")
        state = keras.Input((2 * units,), name="state")
        conditioning = {
            name: keras.Input(field.shape, name=name)
            for name, field in ports.inputs.items()
            if name not in ("symbol", "state")
        }
        cell = keras.layers.LSTMCell(
            units, kernel_initializer=_normal(), recurrent_initializer=_normal()
        )
        halves = [state[:, :units], state[:, units:]]
        hidden, after = cell(joined({"symbol": self._embedded(symbol), **conditioning}), halves)
        logits = keras.layers.Dense(symbols, kernel_initializer=_normal(), dtype="float32")(hidden)
        both = keras.layers.Concatenate(dtype="float32")(after)
        others = {n: f for n, f in ports.outputs.items() if n not in ("logits", "state")}
        answered = {
            "logits": logits,
            "state": both,
            **heads(hidden, replace(ports, outputs=others)),
        }
        inputs = {"symbol": symbol, "state": state, **conditioning}
        return keras.Model(inputs, answered, name="cell")

    def encoder(self, ports: Ports) -> keras.Model:
        """Pictures [b, h, w, c] → what the game asks of them, such as an embedding [b, d]."""
        inputs = ports.keras_inputs()
        seen = joined({name: self._looked_at(inputs[name]) for name in ports.pictures})
        return keras.Model(inputs, heads(seen, ports), name="encoder")

    def discriminator(self, ports: Ports) -> keras.Model:
        """Sequences [b, T, V] → the game's outputs, such as {"logits": [b]}.

        With pictures as condition, the logits gain the product of what is read of them and of the
        sequence: how well the two fit.
        """
        inputs = ports.keras_inputs()
        (name,) = ports.of_kind("tokens")
        x = self._embedded(inputs[name])
        seen: dict[str, Any] = {}
        for width in self.options.widths:
            if width <= x.shape[1]:
                found = keras.layers.Conv1D(
                    self.options.filters, width, activation="relu", kernel_initializer=_normal()
                )(x)
                seen[str(width)] = keras.layers.GlobalMaxPooling1D()(found)
        pictures = {name: self._looked_at(inputs[name]) for name in ports.pictures}
        conditioning = joined(pictures) if pictures else None
        outputs = heads(_highway(joined(seen)), ports, conditioning)
        return keras.Model(inputs, outputs, name="discriminator")

    def _looked_at(self, picture: Any) -> Any:
        """What strided convolutions see in pictures [b, h, w, c], a vector each."""
        x, filters = picture, self.options.picture_filters
        for level, _ in enumerate(resolutions(picture.shape[1:])[1:]):
            x = Conv2D(filters * 2**level, 4, strides=2, padding="same")(x)
            x = keras.layers.LeakyReLU(0.2)(x)
        return keras.layers.Flatten()(x)

    def _embedded(self, symbols: Any) -> Any:
        return keras.layers.Dense(
            self.options.embedding, use_bias=False, kernel_initializer=_normal()
        )(symbols)


def _highway(x: Any) -> Any:
    """G · relu(W x) + (1 - g) · x, the gate g almost shut at first (Srivastava et al. 2015)."""
    width = x.shape[-1]
    gate = keras.layers.Dense(
        width,
        activation="sigmoid",
        kernel_initializer=_normal(),
        bias_initializer=keras.initializers.Constant(-2.0),
    )(x)
    changed = keras.layers.Dense(width, activation="relu", kernel_initializer=_normal())(x)
    return x + gate * (changed - x)


def _normal() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.1)
