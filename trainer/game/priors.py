"""Where latents come from: priors as pure functions of random keys.

Layout of a latent: noise first, then one-hot codes, then continuous codes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from trainer import catalogue, randomness
from trainer.fields import Field


@dataclass(frozen=True)
class Part:
    """A part of a latent.

    Attributes:
        name: "noise", "category", "category_1", …, "codes".
        kind: "noise", "one_hot" or "continuous".
        start: its first place in the latent.
        size: how many numbers it has.
    """

    name: str
    kind: str
    start: int
    size: int

    def of(self, latent: tf.Tensor) -> tf.Tensor:
        """This part of latents [n, z], float32 [n, size]."""
        return latent[:, self.start : self.start + self.size]

    def describe(self) -> dict[str, object]:
        """As `describe` shows it."""
        return {"name": self.name, "kind": self.kind, "start": self.start, "size": self.size}


@dataclass(frozen=True)
class Prior:
    """A distribution of latents.

    Attributes:
        name: as in the catalogue.
        parts: of a latent, in order.
        noise: `(keys [n], size) -> float32 [n, size]`, each row from its own key.
    """

    name: str
    parts: tuple[Part, ...]
    noise: Callable[[randomness.Key, int], tf.Tensor]

    @property
    def size(self) -> int:
        """Numbers in a latent."""
        return sum(part.size for part in self.parts)

    @property
    def ports(self) -> dict[str, Field]:
        """What a generator receives: `latent`, or nothing where there is no latent."""
        return {"latent": Field((self.size,), kind="latent")} if self.size else {}

    @property
    def codes(self) -> tuple[Part, ...]:
        """The parts that are no noise."""
        return tuple(part for part in self.parts if part.kind != "noise")

    def sample(self, keys: randomness.Key) -> tf.Tensor:
        """Keys [n] → latents float32 [n, size], each row from its own key."""
        drawn = [self._draw(part, number, keys) for number, part in enumerate(self.parts)]
        return drawn[0] if len(drawn) == 1 else tf.concat(drawn, axis=1)

    def _draw(self, part: Part, number: int, keys: randomness.Key) -> tf.Tensor:
        if part.kind == "noise":
            return self.noise(keys, part.size)
        own = randomness.fold(keys, tf.constant(number, tf.int64))
        if part.kind == "continuous":
            return 2.0 * randomness.uniform(own, part.size) - 1.0
        u = randomness.uniform(own, 1)[:, 0]
        # float32 may round the product up to the size itself.
        category = tf.minimum(tf.cast(u * part.size, tf.int32), part.size - 1)
        return tf.one_hot(category, part.size)


def gaussian(options: catalogue.GaussianPrior) -> Prior:
    """Independent standard normal noise, and codes where there are some."""
    return Prior(options.name, _parts(options), randomness.normal)


def uniform(options: catalogue.UniformPrior) -> Prior:
    """Independent noise, uniform on [-1, 1), and codes where there are some."""
    return Prior(
        options.name,
        _parts(options),
        lambda keys, size: 2.0 * randomness.uniform(keys, size) - 1.0,
    )


def nothing(options: catalogue.NoPrior) -> Prior:
    """No latent: what is generated follows from the condition."""
    return Prior(options.name, (), randomness.normal)


def _parts(options: catalogue.GaussianPrior | catalogue.UniformPrior) -> tuple[Part, ...]:
    sizes = [("noise", "noise", options.size)]
    for number, size in enumerate(options.categorical):
        sizes.append((f"category_{number}" if number else "category", "one_hot", size))
    if options.continuous:
        sizes.append(("codes", "continuous", options.continuous))
    parts: list[Part] = []
    for name, kind, size in sizes:
        parts.append(Part(name, kind, sum(part.size for part in parts), size))
    return tuple(parts)
