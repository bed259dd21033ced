"""Writers: generators that are cells, which write symbol by symbol."""

import copy
import itertools
from collections.abc import Mapping

import tensorflow as tf

from trainer.catalogue.rounds.round import AnyRound
from trainer.catalogue.rounds.writers import PretrainedWriterRound
from trainer.data import modalities
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game import sequences
from trainer.game.adversarial_loss import Batch, Sample
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Network, Players
from trainer.game.roles import DISCRIMINATOR, GENERATOR, Role
from trainer.game.rounds.round import Round, of_turn
from trainer.game.signatures.judgement import judgement
from trainer.game.signatures.signature import Signatures
from trainer.game.signatures.writing import writing
from trainer.game.turns import Outcome, Updates
from trainer.randomness import Noise


class Writer(Round):
    """What all games of a writer have: the cell, its likelihood, and texts from seeds.

    Attributes:
        field: of the sequences, as they are stored.
        length: of each, T.
    """

    def __init__(self, options: AnyRound, parts: Parts) -> None:
        super().__init__(options, parts)
        self.field = parts.spec.sample
        if self.field.kind != "tokens" or len(self.field.shape) != 1:
            raise ConfigError(
                f"round: received {options.name!r} with samples of kind {self.field.kind!r}, but "
                "it plays on sequences of symbols; set data.source=grammar or text:FILE."
            )
        (self.length,) = self.field.fixed_shape

    def roles(self) -> Mapping[str, Role]:
        """The cell."""
        symbols, state = Field((len(self.field.names),)), Field((None,), kind="state")
        given, answered = {"symbol": symbols, "state": state}, {"logits": symbols, "state": state}
        return {"generator": Role("cell", GENERATOR, given, answered, averaged=True)}

    def given(self, batch: Batch, noise: Noise) -> Inputs:
        """What the writer is given beside its symbols; `conditioned` adds what it makes of that."""
        return {}

    def imitate(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """One step of maximum likelihood on the data's own sequences, ends and fillings included.

        It minimises -Σ_t log p(y_t | y_1 … y_{t-1}), the negative log-likelihood in nats.
        """
        ids, given = modalities.stored(batch["sample"], self.field), self.given(batch, noise)

        def turn() -> Outcome:
            conditioning = self.conditioned(given, players)
            log_p = sequences.log_probabilities(players["generator"], ids, conditioning)
            return Outcome({"negative_log_likelihood": -tf.reduce_sum(log_p, axis=1)})

        return updates.minimise(GENERATOR, turn)

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """Texts from seeds, also at a temperature."""
        return writing(networks["generator"], self.field)


class Likelihood(Writer):
    """No game at all: a writer that continues the data's sequences as is most likely."""

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        return self.imitate(players, of_turn(batch, 0), noise, updates)


class PretrainedWriter(Writer):
    """A writer that learns from the data alone, then a judge of its texts, and then both play.

    What the judge reads of a text, and how the writer is moved, is each game's own.
    """

    def __init__(self, options: PretrainedWriterRound, parts: Parts) -> None:
        super().__init__(options, parts)
        self.loss = parts.loss("discriminator")
        self.turns = options.discriminator_turns
        self.stage = 0

    def roles(self) -> Mapping[str, Role]:
        """A generator that is a cell, and a discriminator of whole sequences."""
        judged = {"sample": modalities.seen_field(self.field)}
        judged |= self.loss.conditioning(self.parts.condition.ports)
        judge = Role("discriminator", DISCRIMINATOR, judged, self.loss.needs)
        return {**super().roles(), "discriminator": judge}

    def stages(self) -> tuple[int, ...]:
        """Where the discriminator's pretraining begins, and the game itself."""
        options = self.options
        return tuple(
            itertools.accumulate((options.pretrain_generator, options.pretrain_discriminator))
        )

    def at(self, stage: int) -> Round:
        """Likelihood (0), the discriminator alone (1), the game (2)."""
        there = copy.copy(self)
        there.stage = stage
        return there

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        if self.stage == 0:
            return self.imitate(players, of_turn(batch, 0), noise, updates)
        moved = Outcome()
        if self.stage == 2:
            moved = self.move(players, of_turn(batch, self.turns - 1), noise, updates)
        judged = Outcome()
        for number in range(self.turns):
            own = noise.within(f"discriminator {number}")
            judged = self._judge(players, of_turn(batch, number), own, updates)
        return moved | judged

    def move(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """The generator's turn."""
        raise NotImplementedError

    def written(self, players: Players, given: Inputs, noise: Noise) -> Sample:
        """New sequences as the discriminator reads them, float32 [b, T, V]."""
        raise NotImplementedError

    def _judge(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """A turn of the discriminator, on the data's sequences and on new ones."""
        given = self.given(batch, noise)
        real, fake = {"sample": batch["sample"]}, self.written(players, given, noise)
        return updates.minimise(
            DISCRIMINATOR,
            lambda: self.loss.discriminator(players, real, fake, given, batch, noise),
        )

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """Also `score`, of symbols' numbers."""
        fields = {"sample": self.field}
        judged = judgement(networks["discriminator"], self.loss, self.parts.condition, fields)
        return {**super().signatures(networks), **judged}
