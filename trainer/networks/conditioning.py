"""How the inputs of a network come together, the same way in every family."""

from collections.abc import Mapping
from typing import Any, Literal

import keras

from trainer.layers.batch_normalization import BatchNormalization
from trainer.layers.open_sizes import AsChannels
from trainer.layers.spectral import SpectralConv2D, SpectralDense
from trainer.layers.strided_convolution import Conv2D
from trainer.networks.ports import Ports

# "spectral" is of kernels: layers of the kind that `dense` and `convolution` name do it themselves.
Normalization = Literal["none", "batch", "layer", "instance", "spectral"]


def joined(tensors: Mapping[str, Any]) -> Any:
    """All tensors side by side as one vector [b, d]."""
    flat = [keras.layers.Flatten()(x) if len(x.shape) > 2 else x for x in tensors.values()]
    return keras.layers.Concatenate()(flat) if len(flat) > 1 else flat[0]


def stacked(pictures: Mapping[str, Any], vectors: Mapping[str, Any]) -> Any:
    """Pictures and vectors as the channels of one picture; vectors are constant over it."""
    first, *others = pictures.values()
    channels = [first]
    channels += [x if None in x.shape[1:3] else resized(x, first.shape[1:3]) for x in others]
    channels += [as_channels(vector, first) for vector in vectors.values()]
    return keras.layers.Concatenate()(channels) if len(channels) > 1 else first


def conditions(tensors: Mapping[str, Any], ports: Ports) -> dict[str, Any]:
    """Those of a generator's inputs that are vectors and no latents."""
    others = ports.of_kind("latent", "tokens", "key")
    return {
        name: x
        for name, x in tensors.items()
        if name not in others and not ports.inputs[name].has_pixels
    }


def as_channels(vector: Any, picture: Any) -> Any:
    """A vector [b, d] as d constant channels of the picture's size."""
    return AsChannels()([vector, picture])


def dense(kind: Normalization) -> type[keras.layers.Dense]:
    """The dense layer of a network that is normalised so."""
    return SpectralDense if kind == "spectral" else keras.layers.Dense


def convolution(kind: Normalization) -> type[keras.layers.Conv2D]:
    """The convolution of a network that is normalised so."""
    return SpectralConv2D if kind == "spectral" else Conv2D


def has_bias(kind: Normalization) -> bool:
    """Whether a layer in front of this normalisation has a bias.

    One in front of a normalisation of its outputs has a gradient of pure rounding noise.
    """
    return kind in ("none", "spectral")


def normalize(x: Any, kind: Normalization, ports: Ports, conditioning: Any = None) -> Any:
    """The chosen normalisation of a hidden layer's output; none where it is of the kernel.

    With `conditioning`, a vector [b, d], scale and offset are linear functions of it (conditional
    batch normalisation, de Vries et al. 2017), which start at one and zero.
    """
    if conditioning is not None:
        return _modulated(normalized(x, kind, ports, affine=False), conditioning)
    return normalized(x, kind, ports, affine=True)


def normalized(x: Any, kind: Normalization, ports: Ports, *, affine: bool) -> Any:
    """The chosen normalisation, with or without a scale and an offset of its own."""
    if kind == "batch":
        return BatchNormalization(
            momentum=0.9,
            epsilon=1e-5,
            synchronized=ports.synchronized,
            center=affine,
            scale=affine,
        )(x)
    if kind == "layer":
        return keras.layers.LayerNormalization(epsilon=1e-5, center=affine, scale=affine)(x)
    if kind == "instance":
        # Every channel of every picture by itself (Ulyanov et al. 2016).
        return keras.layers.GroupNormalization(
            groups=-1, epsilon=1e-5, center=affine, scale=affine
        )(x)
    return x


def _modulated(x: Any, conditioning: Any) -> Any:
    """(1 + W c) x + V c for the conditioning c, channel by channel."""
    channels = x.shape[-1]
    shape = (1,) * (len(x.shape) - 2) + (channels,)
    scale, offset = (
        keras.layers.Reshape(shape)(
            keras.layers.Dense(channels, use_bias=False, kernel_initializer="zeros")(conditioning)
        )
        for _ in range(2)
    )
    return keras.layers.Add()([x, keras.layers.Multiply()([x, scale]), offset])


def resized(picture: Any, size: tuple[int, ...]) -> Any:
    """A picture at another height and width: pixels are repeated where they fit in whole."""
    sides = list(zip(size, picture.shape[1:3], strict=True))
    if all(n == m for n, m in sides):
        return picture
    if any(n % m for n, m in sides):
        return keras.layers.Resizing(*size)(picture)
    return keras.layers.UpSampling2D([n // m for n, m in sides])(picture)
