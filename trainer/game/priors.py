"""Where latents come from: priors as pure functions of random keys.

Layout of a latent: noise first, then one-hot codes, then continuous codes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from trainer import catalogue, randomness


@dataclass(frozen=True)
class Prior:
    """A distribution of latents.

    Attributes:
        name: as in the catalogue.
        size: numbers in a latent.
        sample: `keys [n] -> float32 [n, size]`, each row from its own key.
    """

    name: str
    size: int
    sample: Callable[[randomness.Key], tf.Tensor]

    @property
    def layout(self) -> list[dict[str, object]]:
        """The parts of a latent in order, as `describe` shows them."""
        return [{"name": "noise", "start": 0, "size": self.size}]


def gaussian(options: catalogue.GaussianPrior) -> Prior:
    """Independent standard normal numbers."""
    size = options.size
    return Prior(options.name, size, lambda keys: randomness.normal(keys, size))


def uniform(options: catalogue.UniformPrior) -> Prior:
    """Independent numbers, uniform on [-1, 1)."""
    size = options.size
    return Prior(options.name, size, lambda keys: 2.0 * randomness.uniform(keys, size) - 1.0)
