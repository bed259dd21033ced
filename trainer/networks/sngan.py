"""Residual players with a spectrally normalised discriminator (Miyato et al. 2018)."""

from collections.abc import Callable
from typing import Any

import keras

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.layers.attention import Attention, GatedSum
from trainer.networks.conditioning import (
    conditions,
    convolution,
    joined,
    normalize,
    stacked,
)
from trainer.networks.dcgan import cropped, picture, require_pictures, resolutions, summed
from trainer.networks.heads import heads
from trainer.networks.ports import Ports

# From a layer's output to what is made of it.
Layer = Callable[[Any], Any]
# Queries, keys and values of self-attention have so many times fewer channels.
_NARROWER = 8


class SNGAN:
    """Residual blocks that double the resolution, against residual blocks that halve it.

    A block of the generator normalises before it convolves, and enlarges by repeating pixels; one
    of the discriminator pools by averages. Features are summed over all places before the answers.
    Resolutions are halved while both sides stay at or above four, once at least; odd sizes are met
    by cropping. Conditions reach the generator as scale and offset of its normalisations, and the
    discriminator by projection, or else beside the latent and as channels.

    With `attention` both players attend to all places of the feature maps of that size (Zhang et
    al. 2019), x + γ o(x) with γ from zero.

    Reference: Miyato et al. 2018, "Spectral normalization for generative adversarial networks",
    tables 4 to 6; Miyato & Koyama 2018, "cGANs with projection discriminator".
    """

    def __init__(self, options: catalogue.SNGAN) -> None:
        self.options = options

    def generator(self, ports: Ports) -> keras.Model:
        """Latent [b, z] and the conditioning vectors → pictures in [-1, 1], float32."""
        name, shape = picture(ports.outputs, "sngan")
        sizes, inputs = self._sizes(shape), ports.keras_inputs()
        steering = self.options.generator_conditioning == "normalization"
        vectors = conditions(inputs, ports) if steering else {}
        conditioning = joined(vectors) if vectors else None
        normal = self._normalization(ports, conditioning)
        x = self._seed_map(joined({n: x for n, x in inputs.items() if n not in vectors}), sizes)
        for level in range(len(sizes) - 1, -1, -1):
            if level < len(sizes) - 1:
                x = self._enlarged(x, self._filters(level), sizes[level], normal)
            x = self._attended(x, sizes[level], "none")
        x = _convolved(_rectified(normal(x)), shape[-1], 3, "none", scale=1.0)
        image = keras.layers.Activation("tanh", dtype="float32", name=name)(x)
        return keras.Model(inputs, {name: image}, name="generator")

    def discriminator(self, ports: Ports) -> keras.Model:
        """Pictures and the conditioning → the game's outputs, such as {"logits": [b]}."""
        require_pictures(ports.inputs, "sngan")
        inputs, kind = ports.keras_inputs(), self.options.discriminator_normalization
        pictures = {n: inputs[n] for n in ports.pictures}
        others = {n: x for n, x in inputs.items() if n not in pictures}
        projects = self.options.discriminator_conditioning == "projection"
        vectors = conditions(others, ports) if projects else {}
        x = stacked(pictures, {n: v for n, v in others.items() if n not in vectors})
        sizes = self._sizes(x.shape[1:])
        for level in range(1, len(sizes)):
            x = self._halved(x, self._filters(level - 1), first=level == 1)
            x = self._attended(x, sizes[level], kind)
        for _ in range(self.options.blocks):
            x = keras.layers.Add()([x, self._residual(_rectified(x), x.shape[-1])])
        conditioning = joined(vectors) if vectors else None
        return keras.Model(
            inputs, heads(summed(_rectified(x)), ports, conditioning, kind), name="discriminator"
        )

    def _sizes(self, shape: Any) -> list[tuple[int, int]]:
        """Heights and widths from the data's own down to the smallest.

        Raises:
            ConfigError: when there are no feature maps of the size that is to be attended to.
        """
        sizes = resolutions(shape, least=1)
        sides = [min(size) for size in sizes[1:]]
        if self.options.attention not in (None, *sides):
            raise ConfigError(
                f"network.attention: received {self.options.attention}, but pictures of "
                f"{shape[0]}x{shape[1]} pixels have feature maps of side "
                f"{', '.join(map(str, sides))} in both players; take one of them, or null."
            )
        return sizes

    def _normalization(self, ports: Ports, conditioning: Any) -> Layer:
        return lambda x: normalize(x, self.options.generator_normalization, ports, conditioning)

    def _seed_map(self, x: Any, sizes: list[tuple[int, int]]) -> Any:
        """The first feature map, projected from the latent."""
        height, width = sizes[-1]
        filters = self._filters(len(sizes) - 1)
        x = keras.layers.Dense(height * width * filters)(x)
        return keras.layers.Reshape((height, width, filters))(x)

    def _enlarged(self, x: Any, filters: int, size: tuple[int, int], normal: Layer) -> Any:
        """A block that doubles the resolution."""
        y = _doubled(_rectified(normal(x)), size)
        y = _rectified(normal(_convolved(y, filters, 3, "none")))
        y = _convolved(y, filters, 3, "none")
        # A convolution of single pixels may as well come before the pixels are repeated.
        return keras.layers.Add()([_doubled(_convolved(x, filters, 1, "none", scale=1.0), size), y])

    def _halved(self, x: Any, filters: int, *, first: bool) -> Any:
        """A block that halves the resolution; the first one sees the picture as it is."""
        y = self._residual(x if first else _rectified(x), filters, filters if first else None)
        kind = self.options.discriminator_normalization
        # A convolution of single pixels may as well come behind the mean over pixels.
        return keras.layers.Add()([_convolved(_pooled(x), filters, 1, kind, scale=1.0), _pooled(y)])

    def _residual(self, x: Any, filters: int, hidden: int | None = None) -> Any:
        """Two convolutions, by default over as many channels as there are."""
        kind = self.options.discriminator_normalization
        y = _rectified(_convolved(x, hidden or x.shape[-1], 3, kind))
        return _convolved(y, filters, 3, kind)

    def _attended(self, x: Any, size: tuple[int, int], kind: Any) -> Any:
        if min(size) != self.options.attention:
            return x
        narrow = max(1, x.shape[-1] // _NARROWER)
        parts = [_convolved(x, narrow, 1, kind, scale=1.0) for _ in range(3)]
        attended = _convolved(Attention()(parts), x.shape[-1], 1, kind, scale=1.0)
        return GatedSum()([x, attended])

    def _filters(self, level: int) -> int:
        """Filters after `level` halvings of the data's resolution."""
        return min(self.options.base_filters * 2**level, self.options.max_filters)


def _convolved(x: Any, filters: int, side: int, kind: Any, *, scale: float = 2.0) -> Any:
    """A convolution of stride one, from Glorot's uniform start of `scale` times the variance."""
    start = keras.initializers.VarianceScaling(scale, "fan_avg", "uniform")
    return convolution(kind)(filters, side, padding="same", kernel_initializer=start)(x)


def _rectified(x: Any) -> Any:
    return keras.layers.Activation("relu")(x)


def _pooled(x: Any) -> Any:
    return keras.layers.AveragePooling2D(2, padding="same")(x)


def _doubled(x: Any, size: tuple[int, int]) -> Any:
    return cropped(keras.layers.UpSampling2D(2)(x), size)
