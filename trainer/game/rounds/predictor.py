"""The predictor: a GAN, and after it an encoder that learns through the frozen generator."""

import copy

import tensorflow as tf

from trainer import catalogue
from trainer.game import averaging
from trainer.game.adversarial_loss import Batch
from trainer.game.parts import Parts
from trainer.game.players import Network, Players
from trainer.game.roles import GENERATOR
from trainer.game.rounds.encoded import Encoded
from trainer.game.rounds.round import Round, of_turn
from trainer.game.turns import Outcome, Updates
from trainer.game.updater import Updater
from trainer.randomness import Noise


class Predictor(Encoded):
    """The ordinary game for `game_steps` steps, then min_E E‖G(E(x)) - x‖² with G as it stands.

    The encoder learns from real examples x; squares are summed over an example's numbers. G is the
    averaged generator in inference mode, which is the one that is exported: when the game ends the
    players of its side take the averaged weights over, so the average has nothing left to follow.

    Reference: Zhu et al. 2016, "Generative visual manipulation on the natural image manifold",
    section 3.1, equation 3, there with a distance of features as well.
    """

    def __init__(self, options: catalogue.PredictorRound, parts: Parts) -> None:
        super().__init__(options, parts)
        self.stage = 0

    def stages(self) -> tuple[int, ...]:
        """Where the game ends."""
        return (self.options.game_steps,)

    def at(self, stage: int) -> Round:
        """The game (0), the encoder alone (1)."""
        there = copy.copy(self)
        there.stage = stage
        return there

    def enter(self, stage: int, updater: Updater) -> None:
        """Freezes the averaged generator, and lets the optimizers begin anew.

        Without moments and without a gradient an update leaves the generator where it is.
        """
        super().enter(stage, updater)
        for player in updater.learners[GENERATOR].players:
            if player.average is not None:
                averaging.copy_weights(player.average.model, player.model)
        updater.forget()

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        if self.stage == 0:
            return super().play(players, batch, noise, updates)
        batch = of_turn(batch, 0)
        x, drawn = self.real(batch), self.parts.condition.of_batch(batch)
        generator: Network = players["generator"].average or players["generator"]

        def turn() -> Outcome:
            conditioning = self.conditioned(drawn, players)
            z = players["encoder"]({**conditioning, **x})["latent"]
            made = generator({**conditioning, "latent": z, "key": noise.keys("key").rows})
            squares = [_squares(made[name] - x[name]) for name in self.fields]
            return Outcome({"projection_loss": tf.add_n(squares)})

        return updates.minimise(GENERATOR, turn)


def _squares(error: tf.Tensor) -> tf.Tensor:
    """The sum over each example's numbers, float32 [b]."""
    return tf.reduce_sum(tf.square(error), axis=list(range(1, error.shape.rank)))
