"""A condition made of the sample itself, so that no paired data is needed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data import modalities
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.conditions.condition import Condition, Values
from trainer.game.players import Inputs
from trainer.layers import sub_pixel


class Derived(Condition):
    """The sample at a lower resolution, or without its colours: what it is to be restored from.

    Reference: Ledig et al. 2017, "Photo-realistic single image super-resolution using a generative
    adversarial network".

    Raises:
        ConfigError: when samples are no pictures, or cannot be divided by the factor.
    """

    def __init__(self, options: catalogue.DerivedCondition, spec: DataSpec) -> None:
        sample = spec.field("sample")
        if sample.kind != "image":
            raise ConfigError(
                f"condition.name: received 'derived', but samples are of kind {sample.kind}; take "
                "data of pictures."
            )
        height, width, channels = (int(side or 0) for side in sample.shape)
        self.factor = options.factor
        if height % self.factor or width % self.factor:
            raise ConfigError(
                f"condition.factor: received {self.factor}, which does not divide pictures of "
                f"{height}x{width}; set data.size to multiples of it."
            )
        self.grey, self.sample = options.grey, sample
        self.bicubic = options.kernel == "bicubic"
        shape = (height // self.factor, width // self.factor, 1 if self.grey else channels)
        self.field = Field(shape, sample.dtype, "image", sample.range)
        self.ports = {"image": modalities.seen_field(self.field)}
        self.request = {"image": self.field}

    def of_batch(self, batch: Mapping[str, tf.Tensor]) -> Inputs:
        """The degraded samples of a training batch."""
        x = batch["sample"]
        if self.factor > 1 and self.bicubic:
            height, width, _ = self.field.fixed_shape
            x = tf.clip_by_value(sub_pixel.resized(x, (height, width)), -1.0, 1.0)
        elif self.factor > 1:
            x = tf.nn.avg_pool2d(x, self.factor, self.factor, "VALID")
        return {"image": tf.reduce_mean(x, axis=-1, keepdims=True) if self.grey else x}

    def of_examples(self, examples: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """The degraded examples, as stored."""
        seen = modalities.seen(tf.constant(examples["sample"]), self.sample)
        degraded = self.of_batch({"sample": seen})["image"]
        return {"image": modalities.stored(degraded, self.field).numpy()}

    def draw(self, keys: randomness.Key) -> Values | None:
        """None: a request must name it."""
        return None

    def encode(self, values: Values) -> Inputs:
        """The picture of a request as the networks see it."""
        return {"image": modalities.seen(values["image"], self.field)}

    def describe(self) -> dict[str, Any]:
        """Kind, name and shape of what must be given."""
        return {"kind": "image", "field": "image", "shape": list(self.field.shape)}

    @property
    def can_be_drawn(self) -> bool:
        """A request must name it."""
        return False
