"""How the inputs of a network come together, the same way in every family."""

from collections.abc import Mapping
from typing import Any, Literal

import keras

from trainer.layers.batch_normalization import BatchNormalization
from trainer.networks.ports import Ports

Normalization = Literal["none", "batch", "layer"]


def joined(tensors: Mapping[str, Any]) -> Any:
    """All tensors side by side as one vector [b, d]."""
    flat = [keras.layers.Flatten()(x) if len(x.shape) > 2 else x for x in tensors.values()]
    return keras.layers.Concatenate()(flat) if len(flat) > 1 else flat[0]


def stacked(pictures: Mapping[str, Any], vectors: Mapping[str, Any]) -> Any:
    """Pictures and vectors as the channels of one picture; vectors are constant over it."""
    first, *others = pictures.values()
    channels = [first]
    channels += [_resized(x, first) for x in others]
    channels += [as_channels(vector, first) for vector in vectors.values()]
    return keras.layers.Concatenate()(channels) if len(channels) > 1 else first


def as_channels(vector: Any, picture: Any) -> Any:
    """A vector [b, d] as d constant channels of the picture's size."""
    height, width = picture.shape[1:3]
    x = keras.layers.Reshape((1, 1, vector.shape[-1]))(vector)
    return keras.layers.UpSampling2D((height, width))(x)


def normalize(x: Any, kind: Normalization, ports: Ports) -> Any:
    """The chosen normalisation of a hidden layer's output."""
    if kind == "batch":
        return BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=ports.synchronized)(x)
    if kind == "layer":
        return keras.layers.LayerNormalization(epsilon=1e-5)(x)
    return x


def _resized(picture: Any, like: Any) -> Any:
    """A picture enlarged by whole numbers to the size of another one."""
    factors = [n // m for n, m in zip(like.shape[1:3], picture.shape[1:3], strict=True)]
    return picture if factors == [1, 1] else keras.layers.UpSampling2D(factors)(picture)
