"""Pyramids: a small picture from a seed, and at every larger size a game about what it lacks."""

from collections.abc import Mapping
from functools import reduce
from operator import or_

import numpy as np
import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data import modalities
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import Batch, Sample
from trainer.game.conditions.given import Given
from trainer.game.conditions.together import Together
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Network, Outputs, Players
from trainer.game.priors import Prior
from trainer.game.roles import DISCRIMINATOR, GENERATOR, Role
from trainer.game.rounds.round import Round, of_turn
from trainer.game.signatures.generation import generation
from trainer.game.signatures.judgement import judgement
from trainer.game.signatures.sampling import KEY, Sampler
from trainer.game.signatures.signature import Signatures
from trainer.game.signatures.translation import translation
from trainer.game.turns import Outcome, Updates
from trainer.layers import sub_pixel
from trainer.randomness import Noise

# What a level's generator is given, and what a request for a larger picture calls it.
_INPUT = "image"


class Pyramid(Round):
    """A game a level, from the smallest pictures up, each judged by itself with true coarse input.

        x_0 = G_0(z_0),    x_k = up(x_{k-1}) + G_k(z_k, up(x_{k-1})),

    and in training x_{k-1} is the real picture, so levels do not wait for each other: what each
    discriminator is shown is up(x_{k-1}) + h, h a fake or the real residual x_k - up(x_{k-1}).
    Samples are chained; there errors add up, since a level was trained on real coarse pictures.
    Pictures are halved by means of squares and doubled bicubically; what doubling lacks is added,
    so the real pyramid gives the real picture again, whatever they are.

    Reference: Denton et al. 2015, "Deep generative image models using a Laplacian pyramid of
    adversarial networks". As in the authors' code a discriminator sees the sum alone.

    Raises:
        ConfigError: for samples that are no pictures, or cannot be halved so often.
    """

    def __init__(self, options: catalogue.PyramidRound, parts: Parts) -> None:
        super().__init__(options, parts)
        self.field, self.levels = parts.spec.field("sample"), options.levels
        factor = 2 ** (self.levels - 1)
        if self.field.kind != "image" or any(n % factor for n in self.field.fixed_shape[:2]):
            raise ConfigError(
                f"round.levels: received {self.levels} with samples of shape {self.field.shape}, "
                f"which cannot be halved {self.levels - 1} times; set it lower, or set data.size "
                f"to a multiple of {factor}."
            )
        self.losses = [parts.loss(f"discriminator_{level}") for level in range(self.levels)]

    def field_of(self, level: int) -> Field:
        """The pictures of a level, as they are stored."""
        height, width, channels = self.field.fixed_shape
        factor = 2 ** (self.levels - 1 - level)
        shape = (height // factor, width // factor, channels)
        return Field(shape, self.field.dtype, "image", self.field.range)

    def roles(self) -> Mapping[str, Role]:
        """A generator and a discriminator of each level."""
        conditioning = dict(self.parts.condition.ports)
        roles: dict[str, Role] = {}
        for level, loss in enumerate(self.losses):
            seen = modalities.seen_field(self.field_of(level))
            coarse = {_INPUT: seen} if level else {}
            given = {**self.parts.prior.ports, **coarse, **conditioning, "key": KEY}
            roles[f"generator_{level}"] = Role(
                "generator", GENERATOR, given, {"sample": seen}, averaged=True
            )
            judged = {"sample": seen, **loss.conditioning(conditioning)}
            roles[f"discriminator_{level}"] = Role(
                "discriminator", DISCRIMINATOR, judged, loss.needs
            )
        return roles

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        batch = of_turn(batch, 0)
        pictures = pyramid(batch["sample"], self.levels)

        def judging() -> Outcome:
            return self._of_levels(players, pictures, batch, noise.within("discriminator"), True)

        def making() -> Outcome:
            return self._of_levels(players, pictures, batch, noise.within("generator"), False)

        return updates.minimise(DISCRIMINATOR, judging) | updates.minimise(GENERATOR, making)

    def _of_levels(
        self,
        players: Players,
        pictures: list[tf.Tensor],
        batch: Batch,
        noise: Noise,
        judging: bool,
    ) -> Outcome:
        """One side's losses on all levels, each under its number."""
        outcomes = []
        conditioning = self.parts.condition.of_batch(batch)
        for level, loss in enumerate(self.losses):
            own = noise.within(f"level {level}")
            latent = self.parts.prior.sample(own.keys("latent"))
            given = {"latent": latent, **conditioning, "key": own.keys("key").rows}
            if level:
                given[_INPUT] = enlarged(pictures[level - 1])
            network = players[f"generator_{level}"]
            fake = _added(network(given, freeze_statistics=judging), given)
            real: Sample = {"sample": pictures[level]}
            if judging:
                outcome = loss.discriminator(players, real, fake, given, batch, own)
            else:
                outcome = loss.generator(players, fake, given, batch, own, real=real)
            outcomes.append(outcome.under(str(level)))
        return reduce(or_, outcomes)

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """Chained samples; `translate`, the last level on a given picture; the last judge."""
        condition, prior = self.parts.condition, self.parts.prior
        makers = [networks[f"generator_{level}"] for level in range(self.levels)]
        fields = {"sample": self.field}
        chain = Sampler(Chain(makers, prior), prior, condition, fields)
        last = self.levels - 1
        judge = networks[f"discriminator_{last}"]
        given = Together([Given(_INPUT, self.field_of(last - 1)), condition])
        larger = Sampler(Chain(makers, prior, last), prior, given, fields)
        offered = {**generation(chain), **translation(larger)}
        if self.parts.experiment.network_of(f"discriminator_{last}").judged_together > 1:
            return offered
        return {**offered, **judgement(judge, self.losses[last], condition, fields)}

    def statistics_inputs(self, seed: tf.Tensor, examples: Batch | None) -> Mapping[str, Inputs]:
        """Latents, and the examples' own smaller pictures."""
        if examples is None:
            return {}
        pictures = pyramid(examples["sample"], self.levels)
        conditioning = self.parts.condition.of_batch(examples)
        inputs: dict[str, Inputs] = {}
        for level in range(self.levels):
            keys = randomness.key_of(seed, f"statistics latent {level}")
            given = {"latent": self.parts.prior.sample(keys), **conditioning, "key": keys.rows}
            if level:
                given[_INPUT] = enlarged(pictures[level - 1])
            inputs[f"generator_{level}"] = given
        return inputs

    def example_input(
        self, signature: str, name: str, examples: Mapping[str, np.ndarray]
    ) -> np.ndarray:
        """The picture of half the size for `translate`; else the condition's."""
        if signature != "translate" or name != _INPUT:
            return super().example_input(signature, name, examples)
        seen = modalities.seen(tf.constant(examples["sample"]), self.field)
        return modalities.stored(halved(seen), self.field_of(self.levels - 2)).numpy()


class Chain:
    """Generators of all levels as one: a latent and keys → the largest picture.

    The first level that plays is made from the request's own latent; latents of those above are
    functions of the row's key.

    Args:
        makers: by level.
        prior: of each level's latent.
        first: the level that begins; from 1 on a request brings the picture of the level below.
    """

    def __init__(self, makers: list[Network], prior: Prior, first: int = 0) -> None:
        self.makers, self.prior, self.first = makers, prior, first
        # Dice are rolled for the latents above, whatever the networks do.
        self.names = tuple(dict.fromkeys([*(n for m in makers for n in m.names), "key"]))

    def __call__(self, inputs: Inputs) -> Outputs:
        """The picture of the last level under "sample", float32."""
        x = inputs.get(_INPUT)
        for level in range(self.first, len(self.makers)):
            given = dict(inputs)
            if level > self.first:
                given |= self._own(inputs["key"], level)
            if level:
                given[_INPUT] = enlarged(x)
            x = _added(self.makers[level](given), given)["sample"]
        assert x is not None
        return {"sample": x}

    def _own(self, key: tf.Tensor, level: int) -> Inputs:
        """A level's latent and key, from the row's key."""
        row = randomness.Key.of_rows(key)
        keys = randomness.fold(row, tf.constant(level, tf.int64))
        return {"latent": self.prior.sample(keys), "key": keys.rows}


def pyramid(pictures: tf.Tensor, levels: int) -> list[tf.Tensor]:
    """Pictures [b, h, w, c] at every level, the smallest first."""
    found = [pictures]
    for _ in range(levels - 1):
        found.insert(0, halved(found[0]))
    return found


def halved(pictures: tf.Tensor) -> tf.Tensor:
    """Means of two by two pixels: [b, h, w, c] → [b, h/2, w/2, c]."""
    return tf.nn.avg_pool2d(pictures, 2, 2, "VALID")


def enlarged(pictures: tf.Tensor) -> tf.Tensor:
    """Bicubic interpolation: [b, h, w, c] → [b, 2 h, 2 w, c]."""
    height, width = pictures.shape[1:3]
    return sub_pixel.resized(pictures, (2 * height, 2 * width))


def _added(made: Outputs, given: Inputs) -> Sample:
    """What a generator made, with the coarse picture where it was given one."""
    if _INPUT not in given:
        return made
    return {"sample": given[_INPUT] + tf.cast(made["sample"], tf.float32)}
