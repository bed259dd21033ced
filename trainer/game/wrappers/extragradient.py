"""Extra-gradient: both players move by the gradient of where they are about to be."""

from contextlib import AbstractContextManager

from trainer.game.adversarial_loss import Batch
from trainer.game.players import Players
from trainer.game.turns import JointTurn, Outcome, Position, Turn, Updates
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


class _Extrapolating:
    """Updates in which both sides move by the gradients of where one update would bring them."""

    def __init__(self, updates: Updates) -> None:
        self._updates = updates

    def minimise_together(self, turn: JointTurn) -> Outcome:
        """See `Updates.minimise_together`."""

        def ahead() -> dict[str, Outcome]:
            with self._updates.extrapolated(turn):
                return dict(turn())

        return self._updates.minimise_together(ahead)

    def minimise(self, side: str, turn: Turn) -> Outcome:
        """See `Updates.minimise`."""
        return self._updates.minimise(side, turn)

    def extrapolated(self, turn: JointTurn) -> AbstractContextManager[None]:
        """See `Updates.extrapolated`."""
        return self._updates.extrapolated(turn)

    def position(self, side: str) -> Position:
        """See `Updates.position`."""
        return self._updates.position(side)

    def lookahead(
        self, side: str, turn: Turn, steps: int, start: Position
    ) -> AbstractContextManager[None]:
        """See `Updates.lookahead`."""
        return self._updates.lookahead(side, turn, steps, start)

    def without_trace(self) -> AbstractContextManager[None]:
        """See `Updates.without_trace`."""
        return self._updates.without_trace()
