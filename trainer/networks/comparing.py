"""What a discriminator is given of a sample among its neighbours in the batch."""

from typing import Any

import keras

from trainer.catalogue.networks.network import Comparing
from trainer.layers.batch_features import (
    MinibatchDeviation,
    MinibatchDiscrimination,
    PairwiseDistances,
)
from trainer.layers.open_sizes import AsChannels

_LAYERS = {
    "minibatch": MinibatchDiscrimination,
    "distances": PairwiseDistances,
    "deviation": MinibatchDeviation,
}


def compared_over_places(x: Any, options: Comparing) -> Any:
    """Features [b, h, w, c], and as further channels, constant over them, those of the batch."""
    if options.discriminator_batch_features == "none":
        return x
    layer = _LAYERS[options.discriminator_batch_features](options.discriminator_group)
    found = layer(keras.layers.Flatten()(x))
    return keras.layers.Concatenate()([x, AsChannels()([found, x])])


def compared(x: Any, options: Comparing) -> Any:
    """Hidden features [b, d], and beside them those of the batch that the options name."""
    if options.discriminator_batch_features == "none":
        return x
    layer = _LAYERS[options.discriminator_batch_features](options.discriminator_group)
    return keras.layers.Concatenate()([x, layer(x)])
