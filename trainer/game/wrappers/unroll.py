"""Unrolled games: the generator plays against the discriminator as it will be."""

from trainer import catalogue
from trainer.game.adversarial_loss import Batch
from trainer.game.parts import Parts
from trainer.game.players import Players
from trainer.game.roles import DISCRIMINATOR
from trainer.game.rounds.round import Round
from trainer.game.turns import DelegatingUpdates, Outcome, Position, Turn, Updates
from trainer.game.wrappers.wrapper import Wrapper
from trainer.randomness import Noise


class Unroll(Wrapper):
    """The generator looks ahead: it differentiates through K updates of the discriminator.

    The updates start where the discriminator stood before its own turn of this step and replay
    its optimizer, moments included, on that turn's batch. The discriminator itself then takes one
    ordinary step. With K = 0 it is the plain game.

    Reference: Metz et al. 2017, "Unrolled generative adversarial networks", equations 4 to 7.
    """

    def __init__(self, options: catalogue.Unroll, round: Round, parts: Parts) -> None:
        super().__init__(options, round, parts)
        self.looks_ahead = bool(options.steps) or round.looks_ahead

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        return self.round.play(players, batch, noise, _Unrolled(updates, self.options.steps))


class _Unrolled(DelegatingUpdates):
    """Updates in which the generator's side minimises against a discriminator to come."""

    def __init__(self, updates: Updates, steps: int) -> None:
        super().__init__(updates)
        self._steps = steps
        self._start: Position | None = None
        self._reply: Turn | None = None

    def minimise(self, side: str, turn: Turn) -> Outcome:
        """See `Updates.minimise`."""
        if side == DISCRIMINATOR:
            if self._start is None:
                self._start = self._updates.position(DISCRIMINATOR)
            self._reply = turn
            return self._updates.minimise(side, turn)
        reply, start = self._reply, self._start
        if reply is None or start is None or not self._steps:
            return self._updates.minimise(side, turn)

        def in_the_future() -> Outcome:
            with self._updates.lookahead(DISCRIMINATOR, reply, self._steps, start):
                return turn()

        return self._updates.minimise(side, in_the_future)
