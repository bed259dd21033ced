"""Enlarging networks: residual blocks on the small picture, and channels that become pixels."""

import math
from collections.abc import Iterator
from typing import Any

import keras

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.layers.sub_pixel import Bicubic, SubPixel
from trainer.metrics import bicubic
from trainer.networks.conditioning import joined, normalize, stacked
from trainer.networks.pictures import made_picture
from trainer.networks.ports import Ports, Reach

# Both papers' first and last kernels, and how much of a dense block is added.
_OUTER, _INNER = {"residual": 9, "dense": 3}, 3
_SHARE, _DENSE_LAYERS, _DENSE_BLOCKS = 0.2, 5, 3


class SRResNet:
    """All blocks work at the low resolution; the end alone is enlarged, by two or three at a time.

    A residual block is x + N(conv(PReLU(N(conv(x))))), N the normalisation, and the blocks together
    are a residual too (Ledig et al. 2017, figure 4). Dense blocks are those of ESRGAN: five
    convolutions that each see all before, .2 of the last one added, three of them a block of which
    again .2 is added; nothing is normalised (Wang et al. 2018, figure 4). Pictures leave linearly.

    References: Ledig et al. 2017, "Photo-realistic single image super-resolution using a
    generative adversarial network"; Wang et al. 2018, "ESRGAN: enhanced super-resolution generative
    adversarial networks".
    """

    def __init__(self, options: catalogue.SRResNet) -> None:
        self.options = options

    def generator(self, ports: Ports) -> keras.Model:
        """A small picture and the conditioning → a picture, float32, a whole number larger.

        Raises:
            ConfigError: when no picture is given or to be made, or sizes do not fit.
        """
        name, shape = made_picture(ports, "srresnet")
        inputs = ports.keras_inputs()
        pictures = [inputs[n] for n in ports.of_kind("image")]
        small = keras.layers.Concatenate()(pictures) if len(pictures) > 1 else pictures[0]
        factor = _factor(ports, shape)
        steps = list(_factors(factor))
        x = self._features(_conditioning(small, inputs, ports), ports)
        for step in steps:
            x = SubPixel(step)(_convolved(x, self.options.base_filters * step**2))
            x = self._activated(x)
        x = _convolved(x, shape[-1], _OUTER[self.options.block])
        x = keras.layers.Activation("linear", dtype="float32")(x)
        if self.options.enlarged_input:
            if pictures[0].shape[-1] not in (1, shape[-1]):
                raise ConfigError(
                    "network.enlarged_input: received true, but the picture that is given has "
                    f"{pictures[0].shape[-1]} channels and {shape[-1]} are to be made; set it to "
                    "false."
                )
            x = keras.layers.Add(dtype="float32")([x, Bicubic(factor)(pictures[0])])
        image = keras.layers.Activation("linear", dtype="float32", name=name)(x)
        return keras.Model(inputs, {name: image}, name="generator")

    def reach(self, ports: Ports) -> Reach | None:
        """Of the generator; None where several pictures are given."""
        if len(ports.pictures) != 1:
            return None
        options = self.options
        outer = _OUTER[options.block] // 2
        convolutions = {"residual": 2, "dense": _DENSE_BLOCKS * _DENSE_LAYERS}[options.block]
        context, scale = outer + options.blocks * convolutions + 1.0, 1
        for step in _factors(_factor(ports, made_picture(ports, "srresnet")[1])):
            context += 1 / scale
            scale *= step
        context = max(context + outer / scale, bicubic.REACH)
        is_local = options.block == "dense" or options.normalization != "instance"
        return Reach(1, math.ceil(context) if is_local else None)

    def _features(self, small: Any, ports: Ports) -> Any:
        """What the blocks make of the small picture, at its size."""
        filters = self.options.base_filters
        first = _convolved(small, filters, _OUTER[self.options.block])
        if self.options.block == "residual":
            first = self._activated(first)
        x = first
        for _ in range(self.options.blocks):
            x = self._residual(x, ports) if self.options.block == "residual" else self._dense(x)
        x = _convolved(x, filters)
        if self.options.block == "residual":
            x = normalize(x, self.options.normalization, ports)
        return keras.layers.Add()([first, x])

    def _residual(self, x: Any, ports: Ports) -> Any:
        y = normalize(_convolved(x, x.shape[-1]), self.options.normalization, ports)
        y = _convolved(self._activated(y), x.shape[-1])
        return keras.layers.Add()([x, normalize(y, self.options.normalization, ports)])

    def _dense(self, x: Any) -> Any:
        """A residual in residual dense block."""
        y = x
        for _ in range(_DENSE_BLOCKS):
            seen = [y]
            for number in range(_DENSE_LAYERS):
                last = number == _DENSE_LAYERS - 1
                z = keras.layers.Concatenate()(seen) if number else y
                z = _convolved(z, x.shape[-1] if last else self.options.growth)
                seen.append(z if last else self._activated(z))
            y = keras.layers.Add()([y, keras.layers.Rescaling(_SHARE)(seen[-1])])
        return keras.layers.Add()([x, keras.layers.Rescaling(_SHARE)(y)])

    def _activated(self, x: Any) -> Any:
        if self.options.block == "dense":
            return keras.layers.LeakyReLU(negative_slope=0.2)(x)
        return keras.layers.PReLU(shared_axes=[1, 2])(x)


def _conditioning(small: Any, inputs: Any, ports: Ports) -> Any:
    """The small picture, with vectors as constant channels."""
    vectors = {n: x for n, x in inputs.items() if n not in ports.of_kind("image")}
    return stacked({"picture": small}, {"conditioning": joined(vectors)} if vectors else {})


def _convolved(x: Any, filters: int, side: int = _INNER) -> Any:
    return keras.layers.Conv2D(filters, side, padding="same")(x)


def _factor(ports: Ports, large: tuple[int, ...]) -> int:
    height, width, _ = ports.inputs[ports.of_kind("image")[0]].fixed_shape
    factor = large[0] // height
    if (height * factor, width * factor) != large[:2]:
        raise ConfigError(
            f"network.name: received 'srresnet' with pictures of {height}x{width} to be made "
            f"{large[0]}x{large[1]}, which is no whole number as large; take another "
            "condition.factor, or another network."
        )
    return factor


def _factors(number: int) -> Iterator[int]:
    """Its prime factors, ascending."""
    divisor = 2
    while number > 1:
        while number % divisor == 0:
            yield divisor
            number //= divisor
        divisor += 1
