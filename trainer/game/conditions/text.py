"""A caption, read by a network that learns with the discriminator."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data.examples import DataSpec
from trainer.data.modalities import text, tokens
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.conditions.condition import Condition, Values, classes_at_places, places
from trainer.game.players import Inputs, Network
from trainer.game.roles import DISCRIMINATOR, Role

ENCODER = "text_encoder"


class Text(Condition):
    """A caption t, given to both players as the same vector φ(t).

    φ is a network on the discriminator's side: it learns what helps to judge, and the generator
    takes it as it is. Reed et al. train theirs, a convolutional and recurrent network of
    characters, beforehand to match captions and pictures, and give each player a projection of its
    own; that φ learns within the game, reads words and is shared is ours. Its average goes where
    the generator's average goes.

    Requests name strings. They are parted and looked up by TensorFlow operations, so an export
    needs nothing beside itself; words that training never met are all the same unknown word. A
    request that names none has one of the training captions, by its seed.

    Reference: Reed et al. 2016, "Generative adversarial text to image synthesis".

    Raises:
        ConfigError: when the data has no such captions.
    """

    def __init__(self, options: catalogue.TextCondition, spec: DataSpec) -> None:
        field = spec.fields.get(options.field)
        if field is None or field.kind != "text":
            raise ConfigError(
                f"condition.field: received {options.field!r}, but the data's fields are "
                f"{', '.join(spec.fields)}; name one of kind text, such as those of the sources "
                "captioned_digits and captions."
            )
        self.name, self.field = options.field, field
        self.captions: tuple[str, ...] = tuple(field.about.get("captions", ()))
        self.labels = np.asarray(field.about.get("labels", ()), np.int64)
        vocabulary = [word for word in field.names if word not in (text.END, text.UNKNOWN)]
        about = {"vocabulary": vocabulary, "length": field.fixed_shape[0]}
        embedding = Field((options.size,), kind="embedding")
        self.ports = {"caption": embedding}
        self.request = {self.name: Field(dtype="string", kind="text", about=about)}
        read = {"text": text.seen_field(field)}
        self.roles = {
            ENCODER: Role(ENCODER, DISCRIMINATOR, read, {"embedding": embedding}, averaged=True)
        }

    def of_batch(self, batch: Mapping[str, tf.Tensor]) -> Inputs:
        """The words of a training batch by their numbers, int32 [b, T]."""
        return {"text": batch[self.name]}

    def of_examples(self, examples: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """The captions of examples, as a request names them."""
        shown = tokens.text(tf.constant(examples[self.name]), self.field)
        return {self.name: shown.numpy()}

    def draw(self, keys: randomness.Key) -> Values | None:
        """Training captions, string [n], each from its own key."""
        if not self.captions:
            return None
        return {self.name: tf.gather(self.captions, places(keys, len(self.captions)))}

    def drawn_beside(self, keys: randomness.Key) -> Values:
        """The classes of the same training examples, int64 [n]."""
        return classes_at_places(keys, self.labels)

    def encode(self, values: Values) -> Inputs:
        """The words of captions by their numbers, int32 [n, T]; any string is a caption."""
        return {"text": text.ids(values[self.name], self.field)}

    def embedded(self, inputs: Inputs, networks: Mapping[str, Network]) -> Inputs:
        """φ of the words, float32 [b, size]."""
        return {"caption": networks[ENCODER](inputs)["embedding"]}

    def describe(self) -> dict[str, Any]:
        """Kind and name of what is asked for; its words, and how many of them are read."""
        return {"kind": "text", "field": self.name, **self.request[self.name].about}

    @property
    def can_be_drawn(self) -> bool:
        """Whether there are training captions to draw from."""
        return bool(self.captions)
