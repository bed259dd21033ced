"""Encoder and decoder with skips between them, for pictures of pictures (Isola et al. 2017)."""

from typing import Any

import keras

from trainer import catalogue
from trainer.layers.keyed import KeyedDropout
from trainer.layers.strided_convolution import Conv2D, Conv2DTranspose
from trainer.networks.conditioning import normalize
from trainer.networks.dcgan import initializer, resolutions
from trainer.networks.pictures import (
    all_of_one_size,
    as_large_as_given,
    fitted,
    made_picture,
    stacked_pictures,
    trimmed,
)
from trainer.networks.ports import Ports, Reach

# The noise is dropout in so many of the decoder's first layers.
_DROPOUT_LAYERS = 3
_KERNEL = 4


class UNet:
    """C64-C128-C256-C512-… down, and up again over what was seen on the way down.

    Convolutions are 4x4 with stride two, leaky ReLU in the encoder and ReLU in the decoder, which
    sees its own features beside those of the encoder's layer of the same size. Resolutions are
    those of DCGAN: halved while both sides stay at or above four. The encoder's first layer is not
    normalised, and neither is the innermost one, whose features instance statistics would erase
    where it is a single pixel (as the authors' erratum says).

    There is no latent: the noise is dropout in the decoder's first layers, in training and
    afterwards, rolled from each row's key.

    Reference: Isola et al. 2017, "Image-to-image translation with conditional adversarial
    networks", section 6.1.
    """

    def __init__(self, options: catalogue.UNet) -> None:
        self.options = options

    def generator(self, ports: Ports) -> keras.Model:
        """A picture and the conditioning → a picture in [-1, 1], float32.

        Raises:
            ConfigError: when no picture is given, or none is to be made.
        """
        name, shape = made_picture(ports, "unet")
        inputs = ports.keras_inputs(key=bool(self.options.dropout))
        sizes = resolutions(shape)
        apart = (*ports.pictures, *ports.of_kind("key"))
        vectors = {name: x for name, x in inputs.items() if name not in apart}
        fitting = fitted(inputs, ports, 2 ** (len(sizes) - 1))
        conditioning = stacked_pictures(fitting, ports, shape, vectors)
        x, skips = self._encoded(conditioning, len(sizes) - 1, ports)
        for number, level in enumerate(range(len(sizes) - 2, 0, -1)):
            x = trimmed(self._doubled(x, self._filters(level)), sizes[level + 1], sizes[level])
            x = normalize(x, self.options.normalization, ports)
            if number < _DROPOUT_LAYERS and self.options.dropout:
                (key,) = (inputs[n] for n in ports.of_kind("key"))
                x = KeyedDropout(self.options.dropout, number)((x, key))
            x = keras.layers.Activation("relu")(x)
            x = keras.layers.Concatenate()([x, skips[level - 1]])
        x = trimmed(self._doubled(x, shape[-1], last=True), sizes[1], sizes[0])
        x = as_large_as_given(x, inputs, ports)
        image = keras.layers.Activation("tanh", dtype="float32", name=name)(x)
        return keras.Model(inputs, {name: image}, name="generator")

    def reach(self, ports: Ports) -> Reach | None:
        """Of the generator; None where pictures are given that are not as large as what is made."""
        if not all_of_one_size(ports):
            return None
        _, shape = made_picture(ports, "unet")
        halvings = len(resolutions(shape)) - 1
        # Two pixels of its own resolution for each convolution, down and up.
        context = 2 * sum(2 * 2**level for level in range(halvings))
        return Reach(2**halvings, None if self.options.normalization == "instance" else context)

    def _encoded(self, x: Any, levels: int, ports: Ports) -> tuple[Any, list[Any]]:
        """The innermost features, and those of every layer before."""
        skips: list[Any] = []
        for level in range(1, levels + 1):
            kind = self.options.normalization if 1 < level < levels else "none"
            x = Conv2D(
                self._filters(level),
                _KERNEL,
                strides=2,
                padding="same",
                use_bias=kind == "none",
                kernel_initializer=initializer(),
            )(x)
            skips.append(keras.layers.LeakyReLU(negative_slope=0.2)(normalize(x, kind, ports)))
            x = skips[-1]
        return x, skips[:-1]

    def _doubled(self, x: Any, filters: int, *, last: bool = False) -> Any:
        return Conv2DTranspose(
            filters,
            _KERNEL,
            strides=2,
            padding="same",
            use_bias=last or self.options.normalization == "none",
            kernel_initializer=initializer(),
        )(x)

    def _filters(self, level: int) -> int:
        """Filters after `level` halvings (level ≥ 1)."""
        return min(self.options.base_filters * 2 ** (level - 1), self.options.max_filters)
