"""Plain residual players without any normalisation: the modern baseline (Huang et al. 2024)."""

from typing import Any

import keras

from trainer import catalogue
from trainer.layers.basis import Basis, BasisSum
from trainer.layers.grouped_convolution import GroupedConv2D
from trainer.networks.conditioning import joined, stacked
from trainer.networks.dcgan import cropped, picture, require_pictures, resolutions
from trainer.networks.heads import heads
from trainer.networks.ports import Ports

_SLOPE = 0.2
# He's variance in front of a leaky rectifier.
_HE = 2.0 / (1.0 + _SLOPE**2)


class R3GAN:
    """Inverted bottlenecks of grouped convolutions, alike in both players.

    A block widens its channels by a 1x1 convolution, convolves them 3x3 in groups, narrows them
    again and adds the result to what it was given:

        x + W_3 φ(W_2 φ(W_1 x)),   W_3 = 0 at the start,

    φ a leaky rectifier behind a bias. W_1 and W_2 start from He's deviation times L^(-1/4), L the
    blocks of a player (Fixup, Zhang et al. 2019, for three layers a block), so that nothing needs
    to be normalised. Between resolutions, which are halved while both sides stay at or above four,
    maps are resampled bilinearly (halving, that is the mean of four pixels) and convolved 1x1 where
    the channels change. Pictures leave linearly. Conditions join the latent in the generator, and
    are projected on the features in the discriminator.

    The game it was made for is relativistic pairing with R1 and R2, which it needs.

    Reference: Huang et al. 2024, "The GAN is dead; long live the GAN! A modern baseline GAN",
    section 4 and appendix.
    """

    def __init__(self, options: catalogue.R3GAN) -> None:
        self.options = options

    def generator(self, ports: Ports) -> keras.Model:
        """Latent [b, z] and the conditioning vectors → pictures, float32."""
        name, shape = picture(ports.outputs, "r3gan")
        sizes, inputs = resolutions(shape, least=1), ports.keras_inputs()
        deepest = len(sizes) - 1
        x = keras.layers.Dense(self._filters(deepest), use_bias=False, kernel_initializer=_he(1.0))(
            joined(inputs)
        )
        x = Basis(*sizes[-1])(x)
        for level in range(deepest, -1, -1):
            if level < deepest:
                x = keras.layers.UpSampling2D(2, interpolation="bilinear")(x)
                x = _narrowed(cropped(x, sizes[level]), self._filters(level))
            x = self._blocks(x, len(sizes))
        x = _single(shape[-1], 1.0)(x)
        image = keras.layers.Activation("linear", dtype="float32", name=name)(x)
        return keras.Model(inputs, {name: image}, name="generator")

    def discriminator(self, ports: Ports) -> keras.Model:
        """Pictures and the conditioning → the game's outputs, such as {"logits": [b]}."""
        require_pictures(ports.inputs, "r3gan")
        inputs = ports.keras_inputs()
        pictures = {n: inputs[n] for n in ports.pictures}
        vectors = {n: x for n, x in inputs.items() if n not in pictures}
        x = stacked(pictures, {})
        sizes = resolutions(x.shape[1:], least=1)
        x = _single(self._filters(0), 1.0)(x)
        for level in range(len(sizes)):
            if level:
                x = keras.layers.AveragePooling2D(2, padding="same")(x)
                x = _narrowed(x, self._filters(level))
            x = self._blocks(x, len(sizes))
        conditioning = joined(vectors) if vectors else None
        return keras.Model(inputs, heads(BasisSum()(x), ports, conditioning), name="discriminator")

    def _blocks(self, x: Any, resolutions: int) -> Any:
        """The blocks of one resolution, of a player of so many."""
        narrow, blocks = x.shape[-1], self.options.blocks
        wide = narrow * self.options.expansion
        start = _HE * (blocks * resolutions) ** -0.5
        for _ in range(blocks):
            y = _activated(_single(wide, start, use_bias=True)(x))
            y = GroupedConv2D(
                wide,
                3,
                padding="same",
                groups=groups(wide, self.options.group_filters),
                kernel_initializer=_he(start),
            )(y)
            x = keras.layers.Add()([x, _single(narrow, 0.0)(_activated(y))])
        return x

    def _filters(self, level: int) -> int:
        """Filters after `level` halvings of the data's resolution."""
        return min(self.options.base_filters * 2**level, self.options.max_filters)


def groups(filters: int, size: int) -> int:
    """Groups of about `size` filters each that divide all of them."""
    wanted = max(1, filters // size)
    return next(count for count in range(wanted, 0, -1) if filters % count == 0)


def _he(scale: float) -> keras.initializers.Initializer:
    """Normal weights of variance scale / fan-in."""
    if not scale:
        return keras.initializers.Zeros()
    return keras.initializers.VarianceScaling(scale, "fan_in", "untruncated_normal")


def _single(filters: int, scale: float, *, use_bias: bool = False) -> keras.layers.Layer:
    """A convolution of single pixels."""
    return keras.layers.Conv2D(filters, 1, use_bias=use_bias, kernel_initializer=_he(scale))


def _narrowed(x: Any, filters: int) -> Any:
    """Between resolutions: other channels, where there are others."""
    return x if x.shape[-1] == filters else _single(filters, 1.0)(x)


def _activated(x: Any) -> Any:
    return keras.layers.LeakyReLU(negative_slope=_SLOPE)(x)
