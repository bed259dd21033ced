"""A reader of captions: from numbers of words to one vector."""

from typing import Any

import keras

from trainer import catalogue
from trainer.networks.ports import Ports


class Words:
    """An embedding of words, and their mean or the last state of a GRU, on [-1, 1].

    A caption without a word has the same vector always. Reed et al. read characters by
    convolutions and a recurrent network, which needs many captions; this is the small form of it.

    Reference: Reed et al. 2016, "Generative adversarial text to image synthesis"; the GRU: Cho et
    al. 2014.
    """

    def __init__(self, options: catalogue.Words) -> None:
        self.options = options

    def text_encoder(self, ports: Ports) -> keras.Model:
        """Numbers of words int32 [b, T], 0 behind the last one → {"embedding": [b, d]}."""
        inputs = ports.keras_inputs()
        (name,), (output,) = ports.of_kind("text"), ports.outputs
        (size,) = ports.outputs[output].fixed_shape
        words = keras.layers.Embedding(
            len(ports.inputs[name].names),
            self.options.embedding,
            # So that captions differ from the first step on.
            embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="words",
        )(inputs[name])
        there = _there(inputs[name])
        if self.options.reading == "mean":
            x = keras.layers.Dense(size, activation="tanh")(_mean(words, there))
        else:
            # Unrolled, the same operations run on every device and under XLA.
            mask = keras.ops.cast(there[..., 0], "bool")
            x = keras.layers.GRU(size, unroll=True)(words, mask=mask)
        x = keras.layers.Activation("linear", dtype="float32", name=output)(x)
        return keras.Model(inputs, {output: x}, name="text_encoder")


def _there(ids: Any) -> Any:
    """One where there is a word and zero behind the last one, [b, T, 1]."""
    return keras.ops.expand_dims(keras.ops.cast(ids > 0, "float32"), -1)


def _mean(words: Any, there: Any) -> Any:
    """The mean of a caption's words times the root of their number, [b, T, e] → [b, e].

    So captions of any length are as long a vector as a word is, and one word is not lost among
    others; zeros where there is none.
    """
    count = keras.ops.maximum(keras.ops.sum(there, axis=1), 1.0)
    total = keras.ops.sum(words * keras.ops.cast(there, words.dtype), axis=1)
    return total / keras.ops.cast(keras.ops.sqrt(count), words.dtype)
