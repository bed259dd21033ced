"""Calls of discriminators by name, for wrappers that change what a discriminator sees at random."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from trainer.game.turns import DelegatingUpdates, JointTurn, Outcome, Position, Turn, Updates
from trainer.randomness import Noise

T = TypeVar("T")


class Calls:
    """Names the calls of discriminators: the n-th of a turn, however often the turn is asked."""

    def __init__(self, noise: Noise) -> None:
        self._noise, self._turns = noise, dict[Callable[[], Any], int]()
        self._turn, self._number = "", 0

    @contextmanager
    def of(self, turn: Callable[[], Any]) -> Iterator[None]:
        """Within, calls are of this turn, and counted from its beginning."""
        before = self._turn, self._number
        self._turn, self._number = f"{self._turns.setdefault(turn, len(self._turns))}/", 0
        try:
            yield
        finally:
            self._turn, self._number = before

    def next(self) -> Noise:
        """The random streams of the next call."""
        self._number += 1
        return self._noise.within(f"{self._turn}{self._number - 1}")


class Numbered(DelegatingUpdates):
    """Updates whose turns meet the same random numbers whenever they are asked again."""

    def __init__(self, updates: Updates, calls: Calls) -> None:
        super().__init__(updates)
        self._calls = calls

    def minimise(self, side: str, turn: Turn) -> Outcome:
        """See `Updates.minimise`."""
        return self._updates.minimise(side, self._numbered(turn))

    def minimise_together(self, turn: JointTurn) -> Outcome:
        """See `Updates.minimise_together`."""
        return self._updates.minimise_together(self._numbered(turn))

    def extrapolated(self, turn: JointTurn) -> AbstractContextManager[None]:
        """See `Updates.extrapolated`."""
        return self._updates.extrapolated(self._numbered(turn))

    def lookahead(
        self, side: str, turn: Turn, steps: int, start: Position
    ) -> AbstractContextManager[None]:
        """See `Updates.lookahead`."""
        return self._updates.lookahead(side, self._numbered(turn), steps, start)

    def _numbered(self, turn: Callable[[], T]) -> Callable[[], T]:
        def numbered() -> T:
            with self._calls.of(turn):
                return turn()

        return numbered
