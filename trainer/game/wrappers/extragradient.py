"""Extra-gradient: both players move by the gradient of where they are about to be."""

from trainer.game.adversarial_loss import Batch
from trainer.game.players import Players
from trainer.game.turns import DelegatingUpdates, JointTurn, Outcome, Updates
from trainer.game.wrappers.wrapper import Wrapper
from trainer.randomness import Noise


class Extragradient(Wrapper):
    """Each step is taken twice, and only the second time in earnest.

        ω' = ω - η F(ω),   ω ← ω - η F(ω'),

    F the gradients of both sides by their own weights, on one batch. The first step, too, is one of
    the side's optimizer, which then forgets it. Where plain simultaneous steps circle, the gradient
    there points inwards. A step costs twice as much. Moving statistics move in the first pass.

    Reference: Korpelevich 1976; for GANs: Gidel et al. 2019, "A variational inequality perspective
    on generative adversarial networks", equations 13 and 14.
    """

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        return self.round.play(players, batch, noise, _Extrapolating(updates))


class _Extrapolating(DelegatingUpdates):
    """Updates in which both sides move by the gradients of where one update would bring them."""

    def minimise_together(self, turn: JointTurn) -> Outcome:
        """See `Updates.minimise_together`."""

        def ahead() -> dict[str, Outcome]:
            with self._updates.extrapolated(turn):
                return dict(turn())

        return self._updates.minimise_together(ahead)
