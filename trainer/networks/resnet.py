"""A residual translator of pictures (Johnson et al. 2016), as CycleGAN uses it."""

from collections.abc import Callable, Mapping
from typing import Any

import keras

from trainer import catalogue
from trainer.layers.strided_convolution import Conv2D, Conv2DTranspose
from trainer.networks.conditioning import joined, normalize
from trainer.networks.dcgan import initializer
from trainer.networks.pictures import (
    all_of_one_size,
    as_large_as_given,
    fitted,
    made_picture,
    stacked_pictures,
    trimmed,
)
from trainer.networks.ports import Ports, Reach

# From a layer's output to what is made of it.
Layer = Callable[[Any], Any]
# Resolutions are halved twice, and less often where they would fall below this.
_SMALLEST = 4
_HALVINGS = 2
# Of the lowest resolution, so that a picture can be reflected at its border.
_LEAST = 4


class ResNet:
    """c7s1-64, d128, d256, residual blocks at the lowest resolution, u128, u64, c7s1.

    Every convolution but the last is normalised and followed by ReLU; those of stride one reflect
    the picture at its border. A residual block adds two 3x3 convolutions to what it is given. Small
    pictures are halved less often, so that the blocks see at least 4x4 pixels.

    Reference: Johnson et al. 2016, "Perceptual losses for real-time style transfer and
    super-resolution"; as here: Zhu et al. 2017, "Unpaired image-to-image translation using
    cycle-consistent adversarial networks", appendix 7.2.
    """

    def __init__(self, options: catalogue.ResNet) -> None:
        self.options = options

    def generator(self, ports: Ports) -> keras.Model:
        """A picture and the conditioning → a picture in [-1, 1], float32.

        Raises:
            ConfigError: when no picture is given, or none is to be made.
        """
        name, shape = made_picture(ports, "resnet")
        inputs, filters = ports.keras_inputs(), self.options.base_filters
        normal = self._normalization(inputs, ports)
        sizes = _sizes(shape)
        stride = 2 ** (len(sizes) - 1)
        fitting = fitted(inputs, ports, stride, _LEAST * stride)
        x = stacked_pictures(fitting, ports, shape)
        x = _activated(self._convolved(x, filters, 7, sizes[0]), normal)
        for level in range(1, len(sizes)):
            x = _activated(self._strided(Conv2D, x, filters * 2**level), normal)
        for _ in range(self.options.blocks):
            x = self._block(x, normal, sizes[-1])
        for level in range(len(sizes) - 2, -1, -1):
            x = self._strided(Conv2DTranspose, x, filters * 2**level)
            x = _activated(trimmed(x, sizes[level + 1], sizes[level]), normal)
        x = as_large_as_given(_reflected(x, shape[-1], 7, sizes[0]), inputs, ports)
        image = keras.layers.Activation("tanh", dtype="float32", name=name)(x)
        return keras.Model(inputs, {name: image}, name="generator")

    def reach(self, ports: Ports) -> Reach | None:
        """Of the generator; None where pictures are given that are not as large as what is made."""
        if not all_of_one_size(ports):
            return None
        _, shape = made_picture(ports, "resnet")
        halvings = len(_sizes(shape)) - 1
        # Two pixels of its own resolution for each convolution of stride two, one for others.
        strided = 2 * sum(2 * 2**level for level in range(halvings))
        context = 2 * 3 + strided + 2 * self.options.blocks * 2**halvings
        return Reach(2**halvings, None if self.options.normalization == "instance" else context)

    def _normalization(self, inputs: Mapping[str, Any], ports: Ports) -> Layer:
        """Every hidden layer's normalisation, steered by the conditioning vectors.

        As channels of the picture they would be lost: what is constant over a picture is what
        instance statistics take away.
        """
        apart = (*ports.pictures, *ports.of_kind("key"))
        vectors = {name: x for name, x in inputs.items() if name not in apart}
        conditioning = joined(vectors) if vectors else None
        return lambda x: normalize(x, self.options.normalization, ports, conditioning)

    def _block(self, x: Any, normal: Layer, size: tuple[int, int]) -> Any:
        """Two convolutions of x, added to it."""
        filters = x.shape[-1]
        y = _activated(self._convolved(x, filters, 3, size), normal)
        return keras.layers.Add()([x, normal(self._convolved(y, filters, 3, size))])

    def _convolved(self, x: Any, filters: int, side: int, size: tuple[int, int]) -> Any:
        return _reflected(x, filters, side, size, use_bias=self.options.normalization == "none")

    def _strided(self, layer: Any, x: Any, filters: int) -> Any:
        return layer(
            filters,
            3,
            strides=2,
            padding="same",
            use_bias=self.options.normalization == "none",
            kernel_initializer=initializer(),
        )(x)


def _activated(x: Any, normal: Layer) -> Any:
    return keras.layers.Activation("relu")(normal(x))


def _reflected(
    x: Any, filters: int, side: int, size: tuple[int, int], *, use_bias: bool = True
) -> Any:
    """A convolution of stride one over a picture that is reflected at its border.

    `size` is that of the picture in training.
    """
    margins = [min(side // 2, n - 1) for n in size]
    x = keras.ops.pad(x, [(0, 0), *((m, m) for m in margins), (0, 0)], mode="reflect")
    # What a very small picture cannot reflect is black, as everywhere else.
    rest = [side // 2 - m for m in margins]
    if any(rest):
        x = keras.layers.ZeroPadding2D(tuple((m, m) for m in rest))(x)
    return keras.layers.Conv2D(filters, side, use_bias=use_bias, kernel_initializer=initializer())(
        x
    )


def _sizes(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Heights and widths from the picture's own down to that of the blocks."""
    sizes = [(shape[0], shape[1])]
    while len(sizes) <= _HALVINGS and min(_halved(sizes[-1])) >= _SMALLEST:
        sizes.append(_halved(sizes[-1]))
    return sizes


def _halved(size: tuple[int, int]) -> tuple[int, int]:
    return (size[0] + 1) // 2, (size[1] + 1) // 2
