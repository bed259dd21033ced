"""Sequence games: the generator writes symbols, and is moved by what they are worth."""

import tensorflow as tf

from trainer.data import modalities
from trainer.game import replicas, sequences
from trainer.game.adversarial_loss import Batch, Sample
from trainer.game.players import Inputs, Network, Players
from trainer.game.roles import GENERATOR
from trainer.game.rounds.writer import PretrainedWriter
from trainer.game.turns import Outcome, Updates
from trainer.randomness import Noise


class Policy(PretrainedWriter):
    """A writer whose every symbol is rewarded by what the discriminator expects of it.

    Symbols cannot be differentiated, so the generator follows the policy gradient

        ∇J = E Σ_t ∇log p(y_t | y_1 … y_{t-1}) (Q(y_1 … y_t) - b_t),

    Q the mean of D over `rollouts` completions of y_1 … y_t that the averaged generator writes, and
    D itself where t = T. Q is a constant: no gradient flows into it. The baseline b_t is 0, or the
    mean Q of the batch's other sequences at t. Before that the generator learns from the data by
    maximum likelihood, and then the discriminator alone plays.

    D is the probability of being real where the objective has one, else the logit.

    Reference: Yu et al. 2017, "SeqGAN: sequence generative adversarial nets with policy gradient",
    equations 4 to 8 and algorithm 1; baselines: Williams 1992.
    """

    def move(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """The generator's turn, on sequences that it has just written."""
        given = self.given(batch, noise)
        ids = self._write(players, given, noise)
        rewards = self.rewards(players, ids, given, noise)
        credits = above_others(rewards) if self.options.baseline == "mean" else rewards

        def turn() -> Outcome:
            conditioning = self.conditioned(given, players)
            log_p = sequences.log_probabilities(players["generator"], ids, conditioning)
            losses = policy_losses(log_p, credits)
            return Outcome({"generator_loss": losses}, {"reward": rewards[:, -1]})

        return updates.minimise(GENERATOR, turn)

    def written(self, players: Players, given: Inputs, noise: Noise) -> Sample:
        """New sequences, one-hot."""
        return self._seen(self._write(players, given, noise))

    def rewards(self, players: Players, ids: tf.Tensor, given: Inputs, noise: Noise) -> tf.Tensor:
        """Q of every symbol of sequences int32 [b, T]: float32 [b, T], a constant."""
        writer, judge = players["generator"], players["discriminator"]
        completed = sequences.completions(
            writer.average or writer,
            ids,
            noise.keys("complete"),
            self.options.rollouts,
            self.conditioned(given, players),
        )
        asked = Network(judge.model, judge.role)
        each = self.options.rollouts * (self.length - 1)
        repeated = {n: tf.repeat(x, each, axis=0) for n, x in given.items() if n in asked.names}
        written = self._seen(tf.reshape(completed, [-1, self.length]))
        values = self.loss.worth(asked, {**repeated, **written})
        expected = tf.reduce_mean(tf.reshape(values, tf.shape(completed)[:-1]), axis=1)
        final = self.loss.worth(asked, {**given, **self._seen(ids)})[:, tf.newaxis]
        return tf.stop_gradient(tf.concat([expected, final], axis=1))

    def _write(self, players: Players, given: Inputs, noise: Noise) -> tf.Tensor:
        """New sequences, int32 [b, T]."""
        conditioning = self.conditioned(given, players)
        return sequences.write(
            players["generator"], noise.keys("write"), self.length, conditioning=conditioning
        )

    def _seen(self, ids: tf.Tensor) -> Sample:
        return {"sample": modalities.seen(ids, self.field)}


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


def above_others(rewards: tf.Tensor) -> tf.Tensor:
    """Rewards [b, T] less the mean of the others at the same place of the global batch.

    A sequence's own reward is left out of its baseline, which so depends on nothing that it chose:
    the expected gradient stays what it is.
    """
    count = replicas.count() * tf.cast(tf.shape(rewards)[0], tf.float32)
    (total,) = replicas.summed([tf.reduce_sum(rewards, axis=0)])
    return rewards - (total - rewards) / tf.maximum(count - 1.0, 1.0)
