"""Negative sampling: a discriminator alone, which learns from what it takes for real itself."""

from collections.abc import Callable, Mapping

import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data import modalities
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import Batch, per_example
from trainer.game.conditions.condition import Condition, Values
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Network, Outputs, Players
from trainer.game.priors import Prior
from trainer.game.roles import DISCRIMINATOR, Role
from trainer.game.rounds.round import Round, of_turn
from trainer.game.searches import engine
from trainer.game.signatures.generation import generation
from trainer.game.signatures.judgement import judgement
from trainer.game.signatures.sampling import Sampler
from trainer.game.signatures.signature import Signatures
from trainer.game.turns import Outcome, Updates
from trainer.randomness import Noise

# Samples as the players see them → logits float32 [n].
Score = Callable[[Inputs], tf.Tensor]


class NegativeSampling(Round):
    """D learns real examples against x̃ = argmax_x D(x), found anew in every step from noise.

    A search of a fixed number of steps follows D's gradient by the sample itself, within its range.
    In the next step D is another one, and what it took for real no longer scores high: until
    nothing does but what is like the examples. Samples are made by the same search in the averaged
    discriminator, each from noise of its own seed. There is no generator that would have to learn
    to search, and none that would be quick: a sample costs as many passes there and back as the
    search has steps.

    Structured learning by sampling of negatives; a game with a generator puts its pass in the place
    of the search (Goodfellow et al. 2014). The search from noise is that of Du & Mordatch 2019,
    "Implicit generation and modeling with energy-based models", without their noise and buffer.

    Raises:
        ConfigError: when samples are no numbers to follow a gradient in.
    """

    def __init__(self, options: catalogue.NegativeSamplingRound, parts: Parts) -> None:
        super().__init__(options, parts)
        self.loss = parts.loss("discriminator")
        self.fields = {"sample": parts.spec.field("sample")}
        kind = self.fields["sample"].kind
        if kind not in ("image", "vector"):
            raise ConfigError(
                f"round: received {options.name!r} with samples of kind {kind!r}, along which no "
                "gradient leads; give data of pictures or vectors, or set round=ordinary."
            )

    def roles(self) -> Mapping[str, Role]:
        """A discriminator, whose average is searched for samples."""
        x = {name: modalities.seen_field(field) for name, field in self.fields.items()}
        return {
            "discriminator": Role("discriminator", DISCRIMINATOR, x, self.loss.needs, averaged=True)
        }

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        batch = of_turn(batch, 0)
        real = {name: batch[name] for name in self.fields}
        judge = players["discriminator"]

        def score(sample: Inputs) -> tf.Tensor:
            answers = judge(sample, freeze_statistics=True)
            return self.loss.objective.reads(sample, answers)

        found = self.searched(score, noise.keys("start"))
        negatives = {name: tf.stop_gradient(values) for name, values in found.items()}

        def turn() -> Outcome:
            return self.loss.discriminator(players, real, negatives, {}, batch, noise)

        return updates.minimise(DISCRIMINATOR, turn)

    def searched(self, score: Score, keys: randomness.Key) -> Outputs:
        """What scores highest on the way from each row's own noise, uniform on [-1, 1]."""
        ((name, field),) = self.fields.items()
        shape = [-1, *field.fixed_shape]
        start = 2.0 * randomness.uniform(keys, field.size) - 1.0
        descent = engine.Descent(
            lambda flat: -per_example(score({name: tf.reshape(flat, shape)})),
            self.options.optimizer,
            within=lambda flat: tf.clip_by_value(flat, -1.0, 1.0),
        )
        found = engine.minimise(descent, start, self.options.steps)
        return {name: tf.reshape(found.latent, shape)}

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """Samples by search, and `score`."""
        prior, condition, judge = self.parts.prior, self.parts.condition, networks["discriminator"]
        sampler = _SearchSampler(judge, prior, condition, self.fields, self)
        return {**generation(sampler), **judgement(judge, self.loss, condition, self.fields)}


class _SearchSampler(Sampler):
    """Samples are what a search from the seed's noise finds."""

    def __init__(
        self,
        judge: Network,
        prior: Prior,
        condition: Condition,
        fields: Mapping[str, Field],
        round_: NegativeSampling,
    ) -> None:
        super().__init__(judge, prior, condition, fields)
        self._judge, self._round = judge, round_

    def generate(self, seed: tf.Tensor, values: Values, **more: tf.Tensor) -> Outputs:
        """Seed int64 [n] → samples in stored units."""
        keys = randomness.key_of(seed, "start")
        made = self._round.searched(lambda x: self._round.loss.realism(self._judge, x), keys)
        return self.stored(made)
