"""Random jitter: pictures are enlarged a little, and a part of their own size is taken of them."""

from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf

from trainer.config.experiment import Data
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError


class Jitter(NamedTuple):
    """What is jittered, and by how much.

    Attributes:
        pixels: by which height and width grow.
        fields: names of pictures and clips → whether they are label maps, whose classes never mix.

    Reference: Isola et al. 2017, "Image-to-image translation with conditional adversarial
    networks", section 6.2 (256 pixels to 286).
    """

    pixels: int
    fields: Mapping[str, bool]

    @classmethod
    def of(cls, spec: DataSpec, data: Data) -> "Jitter":
        """The jitter that a configuration asks for.

        Raises:
            ConfigError: when pictures have different sizes, of which no part is the same one.
        """
        fields = {name: spec.fields[name] for name in spec.images} if data.jitter else {}
        sizes = {name: field.fixed_shape[-3:-1] for name, field in fields.items()}
        if len(set(sizes.values())) > 1:
            shown = " and ".join(f"{name} {h}x{w}" for name, (h, w) in sizes.items())
            raise ConfigError(
                f"data.jitter: received {data.jitter} with pictures of different sizes ({shown}), "
                "which cannot be moved alike; set data.size, or jitter to 0."
            )
        return cls(data.jitter, {n: field.kind == "label_map" for n, field in fields.items()})

    def __call__(self, drawn: Mapping[str, tf.Tensor], u: tf.Tensor) -> dict[str, tf.Tensor]:
        """The jittered ones of some fields.

        Args:
            drawn: name → [m, …, h, w, c]; names that are no pictures are left out.
            u: uniform numbers on [0, 1), float32 [m, 2]: where the part lies, down and across.

        Returns:
            The same shapes and dtypes; all fields of a row are moved alike.
        """
        offsets = tf.cast(tf.floor(u * float(self.pixels + 1)), tf.int32)
        return {
            name: self._moved(drawn[name], offsets, is_map)
            for name, is_map in self.fields.items()
            if name in drawn
        }

    def _moved(self, pictures: tf.Tensor, offsets: tf.Tensor, is_map: bool) -> tf.Tensor:
        shape = tf.shape(pictures)
        height, width, channels = pictures.shape[-3:]
        flat = tf.reshape(pictures, [-1, height, width, channels])
        # A clip's frames are moved as the clip is.
        each = tf.repeat(offsets, tf.shape(flat)[0] // shape[0], axis=0)
        method = "nearest" if is_map else "bilinear"
        size = (height + self.pixels, width + self.pixels)
        part = _part(tf.image.resize(flat, size, method), each, (height, width))
        if pictures.dtype.is_integer and not is_map:
            part = tf.round(part)
        return tf.reshape(tf.cast(part, pictures.dtype), shape)


def _part(pictures: tf.Tensor, offsets: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Of each picture [n, H, W, c] the part of a size that begins at its offset [n, 2]."""
    for axis, length in enumerate(size):
        places = offsets[:, axis, tf.newaxis] + tf.range(length)
        pictures = tf.gather(pictures, places, axis=axis + 1, batch_dims=1)
    return pictures
