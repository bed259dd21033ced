"""The ordinary round: k turns of the discriminator, then one of the generator."""

from collections.abc import Mapping

import tensorflow as tf

from trainer.catalogue.rounds.round import AnyRound
from trainer.data import modalities
from trainer.fields import Field
from trainer.game.adversarial_loss import Batch, Sample
from trainer.game.parts import Parts
from trainer.game.players import Conditioned, Inputs, Network, Players
from trainer.game.roles import DISCRIMINATOR, GENERATOR, Role
from trainer.game.rounds.round import Round, of_turn
from trainer.game.signatures.generation import decoding, generation
from trainer.game.signatures.judgement import judgement
from trainer.game.signatures.sampling import KEY, Sampler
from trainer.game.signatures.signature import Signatures
from trainer.game.signatures.translation import is_translation, translation
from trainer.game.turns import Outcome, Turn, Updates
from trainer.randomness import Noise


class Ordinary(Round):
    """k discriminator turns on batches of their own, then one generator turn.

    Fakes are made inside the turns, so that a turn may be asked again. The generator's moving
    statistics move once, in its own turn.

    Reference: Goodfellow et al. 2014, algorithm 1.
    """

    def __init__(
        self,
        options: AnyRound,
        parts: Parts,
        fields: Mapping[str, Field] | None = None,
    ) -> None:
        super().__init__(options, parts)
        self.loss = parts.loss("discriminator")
        # What is made and judged, as it is stored.
        self.fields = fields or {"sample": parts.spec.field("sample")}
        self.turns = options.turns

    def roles(self) -> Mapping[str, Role]:
        """A generator of samples, and a discriminator that judges them."""
        sample = {name: modalities.seen_field(field) for name, field in self.fields.items()}
        conditioning = dict(self.parts.condition.ports)
        made_from = {**self.parts.prior.ports, **conditioning, "key": KEY}
        return {
            "generator": Role("generator", GENERATOR, made_from, sample, averaged=True),
            "discriminator": Role(
                "discriminator",
                DISCRIMINATOR,
                {**sample, **self.loss.conditioning(conditioning)},
                self.loss.needs,
            ),
            **self.parts.condition.roles,
        }

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        if not self.options.fresh_latents:
            return self._play_shared_fakes(players, batch, noise, updates)
        judged = Outcome()
        for number in range(self.turns):
            own = noise.within(f"discriminator {number}")
            judged = updates.minimise(
                DISCRIMINATOR, self.judging(players, of_turn(batch, number), own)
            )
        last, own = of_turn(batch, self.turns - 1), noise.within("generator")

        def turn() -> Outcome:
            given = self.conditioned(self.given(last, own), players)
            return self.answered(players, self.fake(players, given), given, last, own)

        return judged | updates.minimise(GENERATOR, turn)

    def real(self, batch: Batch) -> Sample:
        """What is judged of the real examples."""
        return {name: batch[name] for name in self.fields}

    def given(self, batch: Batch, noise: Noise) -> Inputs:
        """What the fakes are made from: a latent, the batch's condition, a key a row.

        What networks of the condition's own make of it is added within a turn (`conditioned`),
        where they may learn.
        """
        prior = self.parts.prior
        latent = {"latent": prior.sample(noise.keys("latent"))} if prior.size else {}
        conditioning = self.parts.condition.of_batch(batch)
        return {**latent, **conditioning, "key": noise.keys("key").rows}

    def fake(self, players: Players, given: Inputs, *, freeze_statistics: bool = False) -> Sample:
        """What the generator makes of it."""
        return players["generator"](given, freeze_statistics=freeze_statistics)

    def answered(
        self, players: Players, fake: Sample, given: Inputs, batch: Batch, noise: Noise
    ) -> Outcome:
        """The losses of the generator's side for what it made."""
        made = self.loss.generator(players, fake, given, batch, noise, real=self.real(batch))
        return made | self.further(players, fake, given)

    def further(self, players: Players, fake: Sample, given: Inputs) -> Outcome:
        """Losses of whoever else is on the generator's side; here there is nobody."""
        return Outcome()

    def judging(self, players: Players, batch: Batch, noise: Noise) -> Turn:
        """A discriminator's turn; its names are its own, so that it may be asked again."""
        drawn = self.given(batch, noise)

        def turn() -> Outcome:
            given = self.conditioned(drawn, players)
            # What tells a condition learns from judging, not from spoiling the fakes.
            fixed = {name: tf.stop_gradient(values) for name, values in given.items()}
            fake = self.fake(players, fixed, freeze_statistics=True)
            return self.loss.discriminator(players, self.real(batch), fake, given, batch, noise)

        return turn

    def _play_shared_fakes(
        self, players: Players, batch: Batch, noise: Noise, updates: Updates
    ) -> Outcome:
        """One turn each on the same fakes: the generator's pass is recorded first and kept."""
        batch, own = of_turn(batch, 0), noise.within("discriminator 0")
        drawn = self.given(batch, own)

        def turn() -> Outcome:
            given = self.conditioned(drawn, players)
            fake, real = self.fake(players, given), self.real(batch)

            def judging() -> Outcome:
                conditioning = self.conditioned(drawn, players)
                return self.loss.discriminator(players, real, fake, conditioning, batch, own)

            with updates.without_trace():
                judged = updates.minimise(DISCRIMINATOR, judging)
            made = self.answered(players, fake, given, batch, own)
            watched = {**judged.losses, **judged.watched, **made.watched}
            return Outcome(made.losses, watched, judged.judgements)

        return updates.minimise(GENERATOR, turn)

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """Samples from seeds, or from pictures where the condition is one; and `score`.

        There is no `score` where the discriminator judges several samples at once.
        """
        condition = self.parts.condition
        generator, judge = (
            Conditioned(networks[name], lambda inputs: self.conditioned(inputs, networks))
            for name in ("generator", "discriminator")
        )
        sampler = Sampler(generator, self.parts.prior, condition, self.fields)
        make = _translating if is_translation(sampler) else generation
        if self.parts.experiment.network_of("discriminator").judged_together > 1:
            return dict(make(sampler))
        score = judgement(judge, self.loss, condition, self.fields)
        return {**make(sampler), **score}

    def statistics_inputs(self, seed: tf.Tensor, examples: Batch | None) -> Mapping[str, Inputs]:
        """Latents of lasting seeds, under conditions that are drawn or else the examples' own."""
        given = self.statistics_given(seed, examples)
        return {} if given is None else {"generator": given}


def _translating(sampler: Sampler) -> Signatures:
    """Translations by seeds, and of latents where there are some."""
    return {**translation(sampler), **decoding(sampler)}
