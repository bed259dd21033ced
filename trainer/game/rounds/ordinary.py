"""The rules of play: who takes a turn when, and what each turn minimises.

A round plays the turns of one step. It computes losses per example and hands them, as functions,
to `minimise`, which alone scales, differentiates and applies (see `trainer.game.updater`). A
wrapper is a round around a round: it may change the players it passes on, the batch, or `minimise`.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

import tensorflow as tf

from trainer import catalogue
from trainer.game.conditions.label import Condition
from trainer.game.objectives import Objective
from trainer.game.players import Players
from trainer.game.priors import Prior
from trainer.game.terms.gradients import Penalty
from trainer.randomness import Noise

# Named losses per example, float32 [b]; their sum is what a player minimises.
Losses = Mapping[str, tf.Tensor]
# Differentiates losses with respect to one player's weights and applies the update. The function
# receives the tape, so that it can pause the recording.
Minimise = Callable[[str, Callable[[tf.GradientTape], Losses]], Losses]
# A batch: "sample" [b, k, *shape] in [-1, 1], and what the condition needs, such as "label" [b, k].
Batch = Mapping[str, tf.Tensor]


class Round(Protocol):
    """Plays the turns of one step and returns what is to be watched, per example."""

    @property
    def turns(self) -> int:
        """Batches of real examples that one step consumes."""
        ...

    def play(
        self, players: Players, batch: Batch, noise: Noise, minimise: Minimise
    ) -> dict[str, tf.Tensor]:
        """Names to float32 [b]: the losses of each player and the logits of the last turn."""
        ...


class OrdinaryRound:
    """k discriminator turns on batches of their own, then one generator turn.

    Real and fake examples go through the discriminator in calls of their own, so that batch
    normalisation never mixes them. The generator's moving statistics move once, in its own turn.

    Reference: Goodfellow et al. 2014, algorithm 1.
    """

    def __init__(
        self,
        options: catalogue.OrdinaryRound,
        *,
        objective: Objective,
        penalties: Mapping[str, Penalty],
        prior: Prior,
        condition: Condition,
    ) -> None:
        self.options = options
        self.objective = objective
        self.penalties = penalties
        self.prior = prior
        self.condition = condition

    @property
    def turns(self) -> int:
        """Batches of real examples that one step consumes."""
        return self.options.discriminator_turns

    def play(
        self, players: Players, batch: Batch, noise: Noise, minimise: Minimise
    ) -> dict[str, tf.Tensor]:
        """See `Round.play`."""
        if not self.options.fresh_latents:
            return self._play_shared_fakes(players, batch, noise, minimise)
        watched: dict[str, tf.Tensor] = {}
        for turn in range(self.turns):
            real, condition = self._real(batch, turn)
            turn_noise = noise.within(f"discriminator {turn}")
            z = self.prior.sample(turn_noise.keys("latent"))
            fake = players.generator.without_moving_statistics(z, condition)
            watched |= self._discriminator_turn(
                players, real, fake, condition, turn_noise, minimise
            )
        z = self.prior.sample(noise.within("generator").keys("latent"))
        losses = minimise(
            "generator",
            lambda tape: self._generator_losses(
                players, players.generator(z, condition), watched["real_logits"], condition
            ),
        )
        return {**watched, **losses}

    def _play_shared_fakes(
        self, players: Players, batch: Batch, noise: Noise, minimise: Minimise
    ) -> dict[str, tf.Tensor]:
        """One turn each on the same fakes: the generator's pass is recorded first and kept."""
        real, condition = self._real(batch, 0)
        watched: dict[str, tf.Tensor] = {}

        def generator_losses(tape: tf.GradientTape) -> Losses:
            turn_noise = noise.within("discriminator 0")
            fake = players.generator(self.prior.sample(turn_noise.keys("latent")), condition)
            with tape.stop_recording():
                watched.update(
                    self._discriminator_turn(players, real, fake, condition, turn_noise, minimise)
                )
            return self._generator_losses(players, fake, watched["real_logits"], condition)

        losses = minimise("generator", generator_losses)
        return {**watched, **losses}

    def _real(self, batch: Batch, turn: int) -> tuple[tf.Tensor, tf.Tensor | None]:
        of_turn = {name: values[:, turn] for name, values in batch.items()}
        return of_turn["sample"], self.condition.of_batch(of_turn)

    def _discriminator_turn(
        self,
        players: Players,
        real: tf.Tensor,
        fake: tf.Tensor,
        condition: tf.Tensor | None,
        noise: Noise,
        minimise: Minimise,
    ) -> dict[str, tf.Tensor]:
        watched: dict[str, tf.Tensor] = {}

        def judge(samples: tf.Tensor) -> tf.Tensor:
            return players.discriminator(samples, condition)["logits"]

        def losses(tape: tf.GradientTape) -> Losses:
            watched["real_logits"], watched["fake_logits"] = judge(real), judge(fake)
            named = {
                "discriminator_loss": self.objective.discriminator(
                    watched["real_logits"], watched["fake_logits"]
                )
            }
            for name, penalty in self.penalties.items():
                named[name] = penalty(judge, real, fake, noise)
            return named

        named = minimise("discriminator", losses)
        if self.objective.logits_are_probabilities:
            watched["D(x)"] = tf.sigmoid(watched["real_logits"])
            watched["D(G(z))"] = tf.sigmoid(watched["fake_logits"])
        return {**named, **watched}

    def _generator_losses(
        self,
        players: Players,
        fake: tf.Tensor,
        real_logits: tf.Tensor,
        condition: tf.Tensor | None,
    ) -> Losses:
        fake_logits = players.discriminator(fake, condition)["logits"]
        return {"generator_loss": self.objective.generator(fake_logits, real_logits)}
