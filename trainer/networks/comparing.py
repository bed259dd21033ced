"""What a discriminator is told of a sample among its neighbours in the batch."""

from typing import Any

import keras

from trainer import catalogue
from trainer.layers.batch_features import (
    MinibatchDeviation,
    MinibatchDiscrimination,
    PairwiseDistances,
)

_LAYERS = {
    "minibatch": MinibatchDiscrimination,
    "distances": PairwiseDistances,
    "deviation": MinibatchDeviation,
}


def compared(x: Any, options: catalogue.Comparing) -> Any:
    """Hidden features [b, d], and beside them those of the batch that the options name."""
    if options.discriminator_batch_features == "none":
        return x
    layer = _LAYERS[options.discriminator_batch_features](options.discriminator_group)
    return keras.layers.Concatenate()([x, layer(x)])
