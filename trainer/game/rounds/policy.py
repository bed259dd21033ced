"""Sequence games: the generator writes symbols, and is moved by what they are worth."""

import copy
import itertools
from collections.abc import Mapping

import tensorflow as tf

from trainer import catalogue
from trainer.data import modalities
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game import sequences
from trainer.game.adversarial_loss import Batch, Sample
from trainer.game.parts import Parts
from trainer.game.players import Network, Players
from trainer.game.roles import DISCRIMINATOR, GENERATOR, Role
from trainer.game.rounds.round import Round, of_turn
from trainer.game.signatures.judgement import judgement
from trainer.game.signatures.signature import Signatures
from trainer.game.signatures.writing import writing
from trainer.game.turns import Outcome, Updates
from trainer.randomness import Noise


class Policy(Round):
    """A writer whose every symbol is rewarded by what the discriminator expects of it.

    Symbols cannot be differentiated, so the generator follows the policy gradient

        ∇J = E Σ_t ∇log p(y_t | y_1 … y_{t-1}) Q(y_1 … y_t),

    Q the mean of D over `rollouts` completions of y_1 … y_t that the averaged generator writes, and
    D itself where t = T. Q is a constant: no gradient flows into it. Before that the generator
    learns from the data by maximum likelihood, and then the discriminator alone plays.

    D is the probability of being real where the objective has one, else the logit.

    Reference: Yu et al. 2017, "SeqGAN: sequence generative adversarial nets with policy gradient",
    equations 4 to 8 and algorithm 1.
    """

    def __init__(self, options: catalogue.PolicyRound, parts: Parts) -> None:
        super().__init__(options, parts)
        self.loss = parts.loss("discriminator")
        self.field = parts.spec.sample
        self.turns = options.discriminator_turns
        self.stage = 0
        if self.field.kind != "tokens" or len(self.field.shape) != 1:
            raise ConfigError(
                f"round: received 'policy' with samples of kind {self.field.kind!r}, but it plays "
                "on sequences of symbols; set data.source=grammar or lines:PATH."
            )
        (self.length,) = self.field.fixed_shape

    def roles(self) -> Mapping[str, Role]:
        """A generator that is a cell, and a discriminator of whole sequences."""
        symbols, state = Field((len(self.field.names),)), Field((None,), kind="state")
        given, answered = {"symbol": symbols, "state": state}, {"logits": symbols, "state": state}
        judged = {"sample": modalities.seen_field(self.field)}
        return {
            "generator": Role("cell", GENERATOR, given, answered, averaged=True),
            "discriminator": Role("discriminator", DISCRIMINATOR, judged, self.loss.needs),
        }

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
            return self._imitate(players, of_turn(batch, 0), updates)
        rewarded = self._rewarded(players, noise, updates) if self.stage == 2 else Outcome()
        judged = Outcome()
        for number in range(self.turns):
            own = noise.within(f"discriminator {number}")
            judged = self._judge(players, of_turn(batch, number), own, updates)
        return rewarded | judged

    def _imitate(self, players: Players, batch: Batch, updates: Updates) -> Outcome:
        """One step of maximum likelihood on the data's own sequences."""
        ids = modalities.stored(batch["sample"], self.field)

        def turn() -> Outcome:
            log_p = sequences.log_probabilities(players["generator"], ids)
            return Outcome({"negative_log_likelihood": -tf.reduce_sum(log_p, axis=1)})

        return updates.minimise(GENERATOR, turn)

    def _rewarded(self, players: Players, noise: Noise, updates: Updates) -> Outcome:
        """The generator's turn, on sequences that it has just written."""
        ids = sequences.write(players["generator"], noise.keys("write"), self.length)
        rewards = self.rewards(players, ids, noise)

        def turn() -> Outcome:
            losses = policy_losses(sequences.log_probabilities(players["generator"], ids), rewards)
            return Outcome({"generator_loss": losses}, {"reward": rewards[:, -1]})

        return updates.minimise(GENERATOR, turn)

    def _judge(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """A turn of the discriminator, on the data's sequences and on new ones."""
        ids = sequences.write(players["generator"], noise.keys("write"), self.length)
        real, fake = {"sample": batch["sample"]}, self._seen(ids)
        return updates.minimise(
            DISCRIMINATOR,
            lambda: self.loss.discriminator(players, real, fake, {}, batch, noise),
        )

    def rewards(self, players: Players, ids: tf.Tensor, noise: Noise) -> tf.Tensor:
        """Q of every symbol of sequences int32 [b, T]: float32 [b, T], a constant."""
        writer, judge = players["generator"], players["discriminator"]
        completed = sequences.completions(
            writer.average or writer, ids, noise.keys("complete"), self.options.rollouts
        )
        asked = Network(judge.model, judge.role)
        values = self._worth(asked, tf.reshape(completed, [-1, self.length]))
        expected = tf.reduce_mean(tf.reshape(values, tf.shape(completed)[:-1]), axis=1)
        final = self._worth(asked, ids)[:, tf.newaxis]
        return tf.stop_gradient(tf.concat([expected, final], axis=1))

    def _worth(self, judge: Network, ids: tf.Tensor) -> tf.Tensor:
        logits = self.loss.realism(judge, self._seen(ids))
        return tf.sigmoid(logits) if self.loss.objective.logits_are_probabilities else logits

    def _seen(self, ids: tf.Tensor) -> Sample:
        return {"sample": modalities.seen(ids, self.field)}

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """Texts from seeds, also at a temperature; and `score`, of symbols' numbers."""
        fields = {"sample": self.field}
        judged = judgement(networks["discriminator"], self.loss, self.parts.condition, fields)
        return {**writing(networks["generator"], self.field), **judged}


def policy_losses(log_p: tf.Tensor, rewards: tf.Tensor) -> tf.Tensor:
    """-Σ_t log p(y_t | …) Q_t, whose gradient is minus the policy gradient (REINFORCE).

    Args:
        log_p: float32 [b, T].
        rewards: float32 [b, T], constants.

    Returns:
        float32 [b].

    Reference: Williams 1992; Yu et al. 2017, equation 7.
    """
    return -tf.reduce_sum(log_p * tf.stop_gradient(rewards), axis=1)
