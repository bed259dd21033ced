"""Sequence games whose symbols are relaxed, so that gradients flow through them."""

import tensorflow as tf

from trainer.game import sequences
from trainer.game.adversarial_loss import Batch, Sample
from trainer.game.players import Inputs, Players
from trainer.game.roles import GENERATOR
from trainer.game.rounds.writer import PretrainedWriter
from trainer.game.turns import Outcome, Updates
from trainer.randomness import Noise


class Gumbel(PretrainedWriter):
    """A writer of Gumbel-softmax symbols, which the discriminator reads and differentiates.

        y_t = softmax((h_t + g_t) / τ),    h_t the cell's logits behind y_1 … y_{t-1},

    g_t standard Gumbel noise: the largest number of y_t is symbol k with probability softmax(h_t)_k
    whatever the temperature τ is, so what is exported draws symbols as they were trained. τ falls
    from `temperature` to `final_temperature` by the same factor a step of the game. With
    `straight_through` cell and discriminator are given the one-hot symbol, and the gradient is that
    of the soft one.

    Reference: Jang et al. 2017, "Categorical reparameterization with Gumbel-softmax", equation 2
    and section 2.2; of sequences: Kusner & Hernández-Lobato 2016, "GANs for sequences of discrete
    elements with the Gumbel-softmax distribution".
    """

    def temperature(self, step: tf.Tensor) -> tf.Tensor:
        """τ at a step int64 of the run, float32."""
        options, begun = self.options, self.stages()[-1]
        share = tf.cast(step - begun, tf.float32) / options.annealing
        factor = options.final_temperature / options.temperature
        return options.temperature * tf.pow(factor, tf.clip_by_value(share, 0.0, 1.0))

    def move(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """The generator's turn: gradients flow from the verdict through every symbol."""
        given, real = self.given(batch, noise), {"sample": batch["sample"]}

        def turn() -> Outcome:
            fake = self.written(players, given, noise)
            made = self.loss.generator(players, fake, given, batch, noise, real=real)
            rows = tf.shape(noise.position)
            return made | Outcome({}, {"temperature": tf.fill(rows, self.temperature(noise.step))})

        return updates.minimise(GENERATOR, turn)

    def written(self, players: Players, given: Inputs, noise: Noise) -> Sample:
        """New sequences, relaxed or straight through."""
        made = sequences.write_relaxed(
            players["generator"],
            noise.keys("write"),
            self.length,
            self.temperature(noise.step),
            straight_through=self.options.straight_through,
            conditioning=self.conditioned(given, players),
        )
        return {"sample": made}
