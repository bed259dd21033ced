"""A generator whose normalisations are steered by a map, place by place (Park et al. 2019)."""

from collections.abc import Callable
from typing import Any

import keras

from trainer import catalogue
from trainer.networks.conditioning import Normalization, convolution, joined, normalize, normalized
from trainer.networks.dcgan import cropped, resolutions
from trainer.networks.pictures import made_picture
from trainer.networks.ports import Ports

# From a layer's output to what is made of it.
Layer = Callable[[Any], Any]
_SLOPE = 0.2


class SPADE:
    """Residual blocks at every resolution from the lowest up; each normalisation sees the map.

    A block adds conv(act(SPADE(conv(act(SPADE(x)))))) to what it is given, which is itself
    conv1(SPADE(x)) where the number of filters changes. Pixels are repeated between resolutions,
    which are halved while both sides stay at or above four, once at least. The first features are
    projected from the latent and the other conditioning vectors, or without any are a convolution
    of the map at the lowest resolution. Kernels of the blocks have spectral norm one.

    With `generator_conditioning: concatenate` the map lies beside the features as further channels
    of an ordinary normalisation, from which the paper shows that it washes a map out.

    Reference: Park et al. 2019, "Semantic image synthesis with spatially-adaptive normalization",
    section 3 and appendix A.
    """

    def __init__(self, options: catalogue.SPADE) -> None:
        self.options = options

    def generator(self, ports: Ports) -> keras.Model:
        """Maps or pictures, and the conditioning vectors → a picture in [-1, 1], float32.

        Raises:
            ConfigError: when no map is given, or no picture is to be made.
        """
        name, shape = made_picture(ports, "spade")
        sizes, inputs = resolutions(shape, least=1), ports.keras_inputs()
        conditioning = [inputs[n] for n in ports.pictures]
        vectors = {n: x for n, x in inputs.items() if n not in ports.pictures}
        maps = [_at(conditioning, size) for size in sizes]
        last = len(sizes) - 1
        x = self._first(vectors, maps[last], self._filters(last))
        for level in range(last, -1, -1):
            if level < last:
                x = cropped(keras.layers.UpSampling2D(2)(x), sizes[level])
            x = self._block(x, self._filters(level), self._normalization(maps[level], ports))
        x = _convolved(_activated(x), shape[-1], 3, "none")
        image = keras.layers.Activation("tanh", dtype="float32", name=name)(x)
        return keras.Model(inputs, {name: image}, name="generator")

    def _first(self, vectors: dict[str, Any], conditioning: Any, filters: int) -> Any:
        """The features at the lowest resolution."""
        if not vectors:
            return _convolved(conditioning, filters, 3, "none")
        height, width = conditioning.shape[1:3]
        x = keras.layers.Dense(height * width * filters)(joined(vectors))
        return keras.layers.Reshape((height, width, filters))(x)

    def _block(self, x: Any, filters: int, normal: Layer) -> Any:
        # A normalisation follows the first convolution: a bias would have no gradient.
        has_bias = self.options.normalization == "none"
        inner = min(x.shape[-1], filters)
        y = _convolved(_activated(normal(x)), inner, 3, "spectral", use_bias=has_bias)
        y = _convolved(_activated(normal(y)), filters, 3, "spectral", use_bias=has_bias)
        if x.shape[-1] != filters:
            x = _convolved(normal(x), filters, 1, "spectral", use_bias=False)
        return keras.layers.Add()([x, y])

    def _normalization(self, conditioning: Any, ports: Ports) -> Layer:
        kind = self.options.normalization
        if self.options.generator_conditioning == "concatenate":
            return lambda x: normalize(keras.layers.Concatenate()([x, conditioning]), kind, ports)
        hidden = self.options.hidden_filters
        return lambda x: spatially_adaptive(x, conditioning, hidden, kind, ports)

    def _filters(self, level: int) -> int:
        """Filters after `level` halvings of the data's resolution."""
        return min(self.options.base_filters * 2**level, self.options.max_filters)


def spatially_adaptive(
    x: Any, conditioning: Any, hidden: int, kind: Normalization, ports: Ports
) -> Any:
    """(1 + γ(m)) · normalised x + β(m), place by place and channel by channel.

    The normalisation has no parameters. γ and β are convolutions of one shared hidden layer of the
    map m, all of them 3x3.

    Args:
        x: features [b, h, w, c].
        conditioning: the map m [b, h, w, k].
        hidden: filters of the shared layer.
        kind: of the normalisation.
        ports: of the network.
    """
    shared = keras.layers.Activation("relu")(_convolved(conditioning, hidden, 3, "none"))
    scale, offset = (_convolved(shared, x.shape[-1], 3, "none") for _ in range(2))
    x = normalized(x, kind, ports, affine=False)
    return keras.layers.Add()([x, keras.layers.Multiply()([x, scale]), offset])


def _at(conditioning: list[Any], size: tuple[int, int]) -> Any:
    """The conditioning at a resolution, each pixel of the nearest one."""
    sized = [
        x if x.shape[1:3] == size else keras.layers.Resizing(*size, interpolation="nearest")(x)
        for x in conditioning
    ]
    return keras.layers.Concatenate()(sized) if len(sized) > 1 else sized[0]


def _convolved(x: Any, filters: int, side: int, kind: Normalization, **options: Any) -> Any:
    return convolution(kind)(filters, side, padding="same", **options)(x)


def _activated(x: Any) -> Any:
    return keras.layers.LeakyReLU(negative_slope=_SLOPE)(x)
