"""The simultaneous round: both players move at once."""

from collections.abc import Mapping

from trainer.game.adversarial_loss import Batch
from trainer.game.players import Players
from trainer.game.rounds.ordinary import Ordinary
from trainer.game.rounds.round import of_turn
from trainer.game.turns import Outcome, Updates
from trainer.randomness import Noise


class Simultaneous(Ordinary):
    """Both losses come from one pass of each player, and then both players take a step.

        θ ← θ - η ∇_θ L_G(θ, φ),   φ ← φ - η ∇_φ L_D(θ, φ)

    The discriminator does not see the fakes again after its step, which saves a pass. It is the
    arithmetic of TensorFlow's DCGAN tutorial.

    Reference: simultaneous gradient descent, Mescheder et al. 2017, "The numerics of GANs",
    section 2.
    """

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        batch, own = of_turn(batch, 0), noise.within("together")
        given = self.given(batch, own)

        def turn() -> Mapping[str, Outcome]:
            fake = self.fake(players, given)
            return self.loss.both(players, self.real(batch), fake, given, batch, own)

        return updates.minimise_together(turn)
