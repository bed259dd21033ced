"""The networks of the classifiers that are trained here: sized by the data, and features smooth."""

from typing import Any

import keras
import numpy as np

from trainer.data.examples import DataSpec

# Goes up when the same data would give another classifier: layers, weights or training.
VERSION = 1
# Features of a sample. Covariances of 64 columns are well estimated from a few thousand samples.
NUM_FEATURES = 64

# Feature maps are halved along an axis until it is shorter than this.
_SMALLEST = 7
# Filters of the last convolution; each one before it has half as many, down to the least.
_MOST_FILTERS = 128
_LEAST_FILTERS = 16
_HIDDEN_UNITS = 128


def build(spec: DataSpec, seed: int) -> keras.Model:
    """Samples in [-1, 1] → {"features": [b, 64], "logits": [b, k]}, all float32.

    Strided convolutions for images, two hidden layers for points. Features pass x/(1 + |x|), which
    is bounded, never flat, and saturates slowly: a ReLU leaves columns of zeros, and a tanh some
    that are ±1 on all of MNIST. The caller's Keras is left as it was: dtypes, names and seeds are
    given to every layer, so none comes from the global state.

    Args:
        spec: of the data; images [h, w, c] of any size, or points [d].
        seed: of the initial weights.
    """
    layers = _Layers(seed)
    inputs = keras.Input(spec.sample.shape, dtype="float32", name="sample")
    x = _convolutions(inputs, layers) if spec.sample.kind == "image" else _hidden(inputs, layers)
    features = layers.dense(x, NUM_FEATURES, "softsign", "features")
    logits = layers.dense(features, spec.num_classes, None, "logits")
    return keras.Model(inputs, {"features": features, "logits": logits}, name="classifier")


def architecture(network: keras.Model) -> list[dict[str, Any]]:
    """What a network computes beside its weights, as JSON values: part of its identity.

    A change of the code above then changes every hash, even where nobody thought of `VERSION`.
    """
    telling = ("activation", "strides", "kernel_size", "padding", "filters", "units")
    configs = [layer.get_config() for layer in network.layers]
    return [{key: config[key] for key in telling if key in config} for config in configs]


class _Layers:
    """Layers that take dtype, name and seed from here and nothing from Keras' global state."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.RandomState(seed % 2**32)

    def convolution(self, x: Any, filters: int, strides: tuple[int, int], name: str) -> Any:
        return keras.layers.Conv2D(
            filters,
            5 if name == "convolution_1" else 3,
            strides=strides,
            padding="same",
            data_format="channels_last",
            activation="silu",
            kernel_initializer=self._initializer("he"),
            dtype="float32",
            name=name,
        )(x)

    def dense(self, x: Any, units: int, activation: str | None, name: str) -> Any:
        return keras.layers.Dense(
            units,
            activation=activation,
            kernel_initializer=self._initializer("he" if activation == "silu" else "glorot"),
            dtype="float32",
            name=name,
        )(x)

    def _initializer(self, kind: str) -> keras.initializers.Initializer:
        seed = int(self._random.randint(2**31 - 1))
        if kind == "he":
            return keras.initializers.HeNormal(seed)
        return keras.initializers.GlorotUniform(seed)


def _convolutions(x: Any, layers: _Layers) -> Any:
    strides = _strides(*x.shape[1:3])
    for level, stride in enumerate(strides, start=1):
        filters = max(_LEAST_FILTERS, _MOST_FILTERS >> (len(strides) - level))
        x = layers.convolution(x, filters, stride, f"convolution_{level}")
    return keras.layers.Flatten(dtype="float32", name="flat")(x)


def _strides(height: int, width: int) -> list[tuple[int, int]]:
    """One stride a convolution, each axis halved until it is short; at least one convolution."""
    strides = []
    while max(height, width) >= _SMALLEST:
        stride = (1 + (height >= _SMALLEST), 1 + (width >= _SMALLEST))
        height, width = -(-height // stride[0]), -(-width // stride[1])
        strides.append(stride)
    return strides or [(1, 1)]


def _hidden(x: Any, layers: _Layers) -> Any:
    for number in (1, 2):
        x = layers.dense(x, _HIDDEN_UNITS, "silu", f"hidden_{number}")
    return x
