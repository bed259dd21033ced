"""Energy-based games: the discriminator is an autoencoder, which first learns alone."""

import copy
import logging
from collections.abc import Mapping
from dataclasses import replace

import tensorflow as tf

from trainer import catalogue
from trainer.game import objectives
from trainer.game.adversarial_loss import Batch, per_example
from trainer.game.parts import Parts
from trainer.game.players import Players
from trainer.game.roles import DISCRIMINATOR, Role
from trainer.game.rounds.ordinary import Ordinary
from trainer.game.rounds.round import Round, of_turn
from trainer.game.turns import Outcome, Updates
from trainer.game.updater import Updater
from trainer.randomness import Noise

logger = logging.getLogger("saddlepoint")


class EnergyBased(Ordinary):
    """The ordinary round with a judge that assigns energies, E(x) = ‖Dec(Enc(x)) - x‖².

    Energies are sums over all of an example's numbers, so a margin means nothing without knowing
    how well the autoencoder does. It therefore first learns real examples alone, for `pretrain`
    steps of one turn each; the margin of the game is then

        m = margin · E[E(x)],

    the mean over the last tenth of those steps. It is state: checkpointed, and equal on all
    replicas. The game itself begins with the autoencoder as it then is.

    Reference: Zhao et al. 2017, "Energy-based generative adversarial network", sections 2.1 to 2.3.
    """

    def __init__(self, options: catalogue.EnergyRound, parts: Parts) -> None:
        super().__init__(options, parts)
        self.stage = 0
        self._measured = max(1, options.pretrain // 10)
        self._energy = _variable(tf.zeros([]))
        self._steps = _variable(tf.zeros([], tf.int64))
        if isinstance(parts.experiment.objective, catalogue.Energy):
            self.loss.objective = objectives.energy(parts.experiment.objective, self.margin)

    def margin(self) -> tf.Tensor:
        """The energy up to which fakes are raised, a float32 scalar; zero before it is known."""
        return self.options.margin * self._energy

    @property
    def state(self) -> Mapping[str, tf.Variable]:
        """The mean energy of real examples, and the steps of pretraining that were played."""
        return {"real_energy": self._energy, "pretrained_steps": self._steps}

    def roles(self) -> Mapping[str, Role]:
        """A generator of samples, and an autoencoder that judges them."""
        roles = dict(super().roles())
        return {**roles, "discriminator": replace(roles["discriminator"], kind="autoencoder")}

    def stages(self) -> tuple[int, ...]:
        """Where the game begins."""
        return (self.options.pretrain,)

    def at(self, stage: int) -> Round:
        """The autoencoder alone (0), the game (1)."""
        there = copy.copy(self)
        there.stage = stage
        return there

    def enter(self, stage: int, updater: Updater) -> None:
        """Says what the game is played for."""
        super().enter(stage, updater)
        logger.info(
            "After %d steps alone the autoencoder's error on real examples is %.4g; the margin is "
            "%g times that, %.4g.",
            self.options.pretrain,
            float(self._energy.numpy()),
            self.options.margin,
            float(self.margin().numpy()),
        )

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        if self.stage == 0:
            return self._pretrain(players, of_turn(batch, 0), updates)
        outcome = super().play(players, batch, noise, updates)
        # Updates that only ask give no losses.
        rows = tf.shape(batch[next(iter(self.fields))])[:1]
        return outcome | Outcome(watched={"margin": tf.fill(rows, self.margin())})

    def _pretrain(self, players: Players, batch: Batch, updates: Updates) -> Outcome:
        """A turn of the autoencoder on real examples."""
        real, conditioning = self.real(batch), self.parts.condition.of_batch(batch)

        def turn() -> Outcome:
            outputs = players["discriminator"]({**conditioning, **real})
            logits = per_example(self.loss.objective.reads(real, outputs))
            return Outcome({"discriminator_loss": -logits}, {"real_logits": logits})

        return updates.minimise(DISCRIMINATOR, turn)

    def update_state(self, means: Mapping[str, tf.Tensor]) -> None:
        """Takes the energy of a step of pretraining into the mean, once it counts."""
        super().update_state(means)
        if self.stage:
            return
        counts = self._steps >= self.options.pretrain - self._measured
        share = -means["real_logits"] / float(self._measured)
        self._energy.assign_add(tf.where(counts, share, 0.0))
        self._steps.assign_add(1)


def _variable(value: tf.Tensor) -> tf.Variable:
    """A variable that is the same on all replicas."""
    return tf.Variable(
        value, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA
    )
