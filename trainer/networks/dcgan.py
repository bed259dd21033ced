"""Convolutional players that size themselves from the data (Radford et al. 2016)."""

from collections.abc import Mapping
from typing import Any

import keras

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.layers.strided_convolution import Conv2DTranspose
from trainer.networks.comparing import compared
from trainer.networks.conditioning import (
    Normalization,
    conditions,
    convolution,
    dense,
    has_bias,
    joined,
    normalize,
    stacked,
)
from trainer.networks.heads import energy, heads
from trainer.networks.ports import Ports

# Resolutions are halved while they stay at or above this, and this many times in any case: a
# discriminator of a single convolution is too weak an opponent even for 8×8 digits.
_SMALLEST = 4
_MIN_HALVINGS = 2


class Strided:
    """What players of strided convolutions have in common, level by level of halved resolution."""

    def __init__(self, options: catalogue.DCGAN | catalogue.CoGAN) -> None:
        self.options = options

    def _seed_map(
        self, x: Any, sizes: list[tuple[int, int]], ports: Ports, conditioning: Any = None
    ) -> Any:
        """The first feature map, projected from the latent."""
        height, width = sizes[-1]
        filters = self._filters(len(sizes) - 1)
        kind = self.options.generator_normalization
        x = keras.layers.Dense(
            height * width * filters, use_bias=has_bias(kind), kernel_initializer=initializer()
        )(x)
        x = keras.layers.Reshape((height, width, filters))(x)
        return keras.layers.Activation("relu")(normalize(x, kind, ports, conditioning))

    def _narrowed(self, x: Any, level: int, normalization: Normalization, ports: Ports) -> Any:
        """Features after `level` halvings, of those after one less (of pictures after none)."""
        # The first layer's outputs are not normalised; its kernel is.
        kind = normalization if level > 1 or normalization == "spectral" else "none"
        layer = convolution(kind)
        x = layer(self._filters(level), use_bias=has_bias(kind), **self._stride_two())(x)
        x = normalize(x, kind, ports)
        return keras.layers.LeakyReLU(negative_slope=0.2)(x)

    def _widened(
        self,
        x: Any,
        sizes: list[tuple[int, int]],
        kind: Normalization,
        ports: Ports,
        conditioning: Any = None,
    ) -> Any:
        """A feature map at half of the highest resolution, of one at the lowest."""
        for level in range(len(sizes) - 2, 0, -1):
            x = self._doubled(x, self._filters(level), sizes[level], use_bias=has_bias(kind))
            x = normalize(x, kind, ports, conditioning)
            x = keras.layers.Activation("relu")(x)
        return x

    def _pictured(self, x: Any, size: tuple[int, int], channels: int, name: str) -> Any:
        """Pictures in [-1, 1] at the highest resolution, of a feature map at half of it."""
        x = self._doubled(x, channels, size, use_bias=True)
        return keras.layers.Activation("tanh", dtype="float32", name=name)(x)

    def _doubled(self, x: Any, filters: int, size: tuple[int, int], *, use_bias: bool) -> Any:
        x = Conv2DTranspose(
            filters,
            use_bias=use_bias,
            output_padding=output_padding(x, size, self.options.kernel_size),
            **self._stride_two(),
        )(x)
        return cropped(x, size)

    def _filters(self, level: int) -> int:
        """Filters after `level` halvings of the data's resolution (level ≥ 1)."""
        return min(self.options.base_filters * 2 ** (level - 1), self.options.max_filters)

    def _stride_two(self) -> dict[str, Any]:
        return {
            "kernel_size": self.options.kernel_size,
            "strides": 2,
            "padding": "same",
            "kernel_initializer": initializer(),
        }


class DCGAN(Strided):
    """Strided convolutions in the discriminator, transposed ones in the generator.

    Resolutions are found by halving the data's height and width (rounding up) while both stay at
    or above four (twice at least), so any size works: 28×28 goes 4, 7, 14, 28; an odd size is
    reached by cropping what the transposed convolution has too much. Weights start from a normal
    distribution of standard deviation 0.02.

    Reference: Radford et al. 2016, "Unsupervised representation learning with deep convolutional
    generative adversarial networks".
    """

    options: catalogue.DCGAN

    def generator(self, ports: Ports) -> keras.Model:
        """Latent [b, z] and the conditioning vectors → pictures in [-1, 1], float32."""
        options, (name, shape) = self.options, picture(ports.outputs, "dcgan")
        sizes, inputs = resolutions(shape), ports.keras_inputs()
        conditioning, joining = None, dict(inputs)
        vectors = conditions(inputs, ports)
        if options.generator_conditioning == "normalization" and vectors:
            conditioning = joined(vectors)
            joining = {n: x for n, x in inputs.items() if n not in vectors}
        x = self._seed_map(joined(joining), sizes, ports, conditioning)
        kind = options.generator_normalization
        image = self._enlarged(x, sizes, shape[-1], kind, ports, name, conditioning)
        return keras.Model(inputs, {name: image}, name="generator")

    def discriminator(self, ports: Ports) -> keras.Model:
        """Pictures and the conditioning → the game's outputs, such as {"logits": [b]}.

        Conditions join as constant channels, or as the options say; a latent joins behind the
        convolutions.
        """
        return self._judging(ports, self.options.discriminator_normalization, "discriminator")

    def encoder(self, ports: Ports) -> keras.Model:
        """Pictures → latents and the like: the discriminator's layers on the generator's side."""
        return self._judging(ports, self.options.generator_normalization, "encoder")

    def autoencoder(self, ports: Ports) -> keras.Model:
        """Pictures and the conditioning → their energies, [b], and what the game asks of the code.

        The code is the last feature map, which as many transposed convolutions decode. Conditions
        join as constant channels.
        """
        require_pictures(ports.inputs, "dcgan")
        inputs, kind = ports.keras_inputs(), self.options.discriminator_normalization
        seen = inputs["sample"]
        sizes = resolutions(seen.shape[1:])
        x = stacked({"sample": seen}, {n: x for n, x in inputs.items() if n != "sample"})
        x = self._reduced(x, sizes, kind, ports)
        decoded = self._enlarged(x, sizes, seen.shape[-1], kind, ports, "decoded")
        outputs = energy(keras.layers.Flatten()(x), seen, decoded, ports)
        return keras.Model(inputs, outputs, name="autoencoder")

    def _judging(self, ports: Ports, normalization: Normalization, name: str) -> keras.Model:
        inputs = ports.keras_inputs()
        require_pictures(ports.inputs, "dcgan")
        pictures = {n: inputs[n] for n in ports.pictures}
        latents = {n: inputs[n] for n in ports.of_kind("latent")}
        vectors = {n: x for n, x in inputs.items() if n not in {*pictures, *latents}}
        sizes = resolutions(next(iter(pictures.values())).shape[1:])
        way = self.options.discriminator_conditioning if name != "encoder" else "concatenate"
        conditioning = joined(vectors) if way == "projection" and vectors else None
        x = stacked(pictures, vectors if way == "concatenate" else {})
        x = self._reduced(x, sizes, normalization, ports)
        x = alone = summed(x) if conditioning is not None else keras.layers.Flatten()(x)
        behind = {**latents, **(vectors if way == "hidden" else {})}
        units = self.options.discriminator_units if name == "discriminator" else 0
        if behind or units:
            width = units or self._filters(len(sizes))
            both = joined({"picture": x, **behind})
            x = keras.layers.LeakyReLU(negative_slope=0.2)(dense(normalization)(width)(both))
        if name == "discriminator":
            x = compared(x, self.options)
        answers = heads(x, ports, conditioning, normalization, alone=alone if behind else None)
        return keras.Model(inputs, answers, name=name)

    def _reduced(
        self, x: Any, sizes: list[tuple[int, int]], normalization: Normalization, ports: Ports
    ) -> Any:
        """A feature map at the lowest resolution, of pictures at the highest."""
        for level in range(1, len(sizes)):
            x = self._narrowed(x, level, normalization, ports)
        return x

    def _enlarged(
        self,
        x: Any,
        sizes: list[tuple[int, int]],
        channels: int,
        kind: Normalization,
        ports: Ports,
        name: str,
        conditioning: Any = None,
    ) -> Any:
        """Pictures in [-1, 1] at the highest resolution, of a feature map at the lowest."""
        x = self._widened(x, sizes, kind, ports, conditioning)
        return self._pictured(x, sizes[0], channels, name)


def resolutions(shape: tuple[int, ...], least: int = _MIN_HALVINGS) -> list[tuple[int, int]]:
    """Heights and widths from the data's own down to the smallest, halved `least` times or more."""
    sizes = [(shape[0], shape[1])]
    while len(sizes) <= least or min(_halved(sizes[-1])) >= _SMALLEST:
        sizes.append(_halved(sizes[-1]))
    return sizes


def _halved(size: tuple[int, int]) -> tuple[int, int]:
    return (size[0] + 1) // 2, (size[1] + 1) // 2


def initializer() -> keras.initializers.Initializer:
    """Normal weights of standard deviation 0.02."""
    return keras.initializers.RandomNormal(stddev=0.02)


def output_padding(x: Any, size: tuple[int, int], side: int) -> tuple[int, int] | None:
    """What makes the transposed convolution meet an odd size by itself, where it can."""
    padding = tuple(
        n - ((m - 1) * 2 + side - 2 * (side // 2)) for n, m in zip(size, x.shape[1:3], strict=True)
    )
    return padding if side % 2 == 0 and max(padding) < 2 else None


def cropped(x: Any, size: tuple[int, int]) -> Any:
    """Without the last rows and columns that are too many."""
    extra = (x.shape[1] - size[0], x.shape[2] - size[1])
    return keras.layers.Cropping2D(((0, extra[0]), (0, extra[1])))(x) if any(extra) else x


def picture(outputs: Mapping[str, Field], family: str) -> tuple[str, tuple[int, ...]]:
    """Name and shape of the picture to be made."""
    require_pictures(outputs, family)
    ((name, field),) = outputs.items()
    return name, tuple(int(side or 0) for side in field.shape)


def summed(x: Any) -> Any:
    """[b, h, w, c] → [b, c]: the sum over places, as projection discriminators have it."""
    height, width = x.shape[1:3]
    mean = keras.layers.GlobalAveragePooling2D()(x)
    return keras.layers.Rescaling(float(height * width))(mean)


def require_pictures(fields: Mapping[str, Field], family: str) -> None:
    """Refuses data of another kind.

    Raises:
        ConfigError: when none of the fields is a picture.
    """
    if not any(field.kind == "image" for field in fields.values()):
        shapes = ", ".join(f"{name} of shape {field.shape}" for name, field in fields.items())
        raise ConfigError(
            f"network.name: received {family!r}, but the game's fields are {shapes}, none of which "
            "is height, width and channels; set network.name=mlp."
        )
