"""Augmentations of pictures as pure functions of random numbers; gradients flow through them.

Each takes pictures float32 [b, h, w, c] as the players see them, uniform numbers on [0, 1), float32
[b, n], and which rows are changed at all, bool [b].

Reference: Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN training", whose
strengths these are.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from trainer import randomness


def colour(pictures: tf.Tensor, u: tf.Tensor, changed: tf.Tensor) -> tf.Tensor:
    """Brightness up to ±½, saturation from 0 to 2, contrast from ½ to 1½ about the means."""
    u = tf.where(changed[:, tf.newaxis], u, 0.5)
    brightness, saturation, contrast = (_for_each_pixel(u[:, i]) for i in range(3))
    pictures += brightness - 0.5
    grey = tf.reduce_mean(pictures, axis=3, keepdims=True)
    pictures = (pictures - grey) * (2.0 * saturation) + grey
    mean = tf.reduce_mean(pictures, axis=[1, 2, 3], keepdims=True)
    return (pictures - mean) * (contrast + 0.5) + mean


def translation(pictures: tf.Tensor, u: tf.Tensor, changed: tf.Tensor) -> tf.Tensor:
    """Moved up to an eighth of each side in whole pixels; zeros come in."""
    u = tf.where(changed[:, tf.newaxis], u, 0.5)
    _, height, width, _ = pictures.shape
    rows, columns = _moved(u[:, 0], height), _moved(u[:, 1], width)
    return tf.einsum("byY,bYXc,bxX->byxc", rows, pictures, columns)


def cutout(pictures: tf.Tensor, u: tf.Tensor, changed: tf.Tensor) -> tf.Tensor:
    """A window of half the sides is zero; its centre lies anywhere."""
    _, height, width, _ = pictures.shape
    rows, columns = _window(u[:, 0], height), _window(u[:, 1], width)
    hole = rows[:, :, tf.newaxis] & columns[:, tf.newaxis, :] & changed[:, tf.newaxis, tf.newaxis]
    return tf.where(hole[..., tf.newaxis], 0.0, pictures)


class Augmentation(NamedTuple):
    """An augmentation and the uniform numbers that it takes for a picture."""

    function: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
    numbers: int


AUGMENTATIONS = {
    "colour": Augmentation(colour, 3),
    "translation": Augmentation(translation, 2),
    "cutout": Augmentation(cutout, 2),
}


class Draw:
    """One draw of augmentations for b rows: pictures of one row are all changed alike.

    Args:
        policy: names of augmentations, in order.
        keys: of the rows, [b].
        probability: of each augmentation, for each row by a coin of its own.
    """

    def __init__(
        self, policy: Sequence[str], keys: randomness.Key, probability: tf.Tensor | float
    ) -> None:
        self.policy, self.probability = policy, probability
        sizes = [1 + AUGMENTATIONS[name].numbers for name in policy]
        self._numbers = tf.split(randomness.uniform(keys, sum(sizes)), sizes, axis=1)

    def __call__(self, pictures: tf.Tensor, *, moves_only: bool = False) -> tf.Tensor:
        """Pictures float32 [b, h, w, c] → the same augmented.

        With `moves_only` colours stay: the channels of a label map are classes.
        """
        for name, numbers in zip(self.policy, self._numbers, strict=True):
            if moves_only and name == "colour":
                continue
            changed = numbers[:, 0] < self.probability
            pictures = AUGMENTATIONS[name].function(pictures, numbers[:, 1:], changed)
        return pictures


def _for_each_pixel(values: tf.Tensor) -> tf.Tensor:
    return values[:, tf.newaxis, tf.newaxis, tf.newaxis]


def _moved(u: tf.Tensor, side: int) -> tf.Tensor:
    """Matrices [b, side, side] that move by up to an eighth; what comes from outside is zero."""
    most = int(side / 8 + 0.5)
    shift = tf.cast(tf.floor(u * (2 * most + 1)), tf.int32) - most
    return tf.one_hot(tf.range(side) + shift[:, tf.newaxis], side)


def _window(u: tf.Tensor, side: int) -> tf.Tensor:
    """Which of the places lie in a window of half the side, bool [b, side]."""
    size = int(side / 2 + 0.5)
    centres = side + 1 - size % 2
    first = tf.cast(tf.floor(u * centres), tf.int32)[:, tf.newaxis] - size // 2
    places = tf.range(side)
    return (places >= first) & (places < first + size)
