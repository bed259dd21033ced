"""What a turn gives, and all that a round may ask for its turns."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import tensorflow as tf


@dataclass(frozen=True)
class Judgement:
    """What a discriminator was shown in its turn and what it said of it.

    Attributes:
        real: the real examples by name, as they were judged.
        fake: the fakes likewise.
        real_logits: float32 [n], of the real examples (or packs of them).
        fake_logits: float32 [n], of the fakes.
        boundary: the logit between real and fake; None where the objective has none.
        probabilities: whether sigmoid(logit) estimates the probability of being real.
        given: what the fakes were made from, by name: a latent, the conditioning, a key.
        read: name → float32 [n], what can be read of each fake besides: whether the discriminator
            names its class, what it holds of its codes.
    """

    real: Mapping[str, tf.Tensor]
    fake: Mapping[str, tf.Tensor]
    real_logits: tf.Tensor
    fake_logits: tf.Tensor
    boundary: float | None = None
    probabilities: bool = False
    given: Mapping[str, tf.Tensor] = field(default_factory=dict)
    read: Mapping[str, tf.Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What came of a turn; `a | b` joins two.

    Attributes:
        losses: name → float32 [n], a loss for each of n examples (or patches, or packs); the sum
            of their global means is what the side minimises.
        watched: name → float32 [n], what else is to be seen of the turn.
        judgements: what discriminators were shown, for instruments: by "", or by the prefix that
            tells one of several discriminators.
    """

    losses: Mapping[str, tf.Tensor] = field(default_factory=dict)
    watched: Mapping[str, tf.Tensor] = field(default_factory=dict)
    judgements: Mapping[str, Judgement] = field(default_factory=dict)

    def __or__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            {**self.losses, **other.losses},
            {**self.watched, **other.watched},
            {**self.judgements, **other.judgements},
        )

    def under(self, prefix: str) -> "Outcome":
        """The same under the names `prefix/…`."""
        losses = {f"{prefix}/{name}": x for name, x in self.losses.items()}
        watched = {f"{prefix}/{name}": x for name, x in self.watched.items()}
        judgements = {f"{prefix}/{name}": x for name, x in self.judgements.items()}
        return Outcome(losses, watched, judgements)


# A turn is pure: it may be asked again, at other weights, and gives what follows from them.
Turn = Callable[[], Outcome]
# A turn of both sides at once: what came of it for each of them.
JointTurn = Callable[[], Mapping[str, Outcome]]


@dataclass(frozen=True)
class Position:
    """Where a side stands: its weights and what its optimizer remembers, at one moment."""

    weights: list[tf.Tensor]
    slots: list[tf.Tensor]
    iterations: tf.Tensor


class Updates(Protocol):
    """What a round may ask for; `trainer.game.updater.Updater` grants it."""

    def minimise(self, side: str, turn: Turn) -> Outcome:
        """Takes one step of a side on a turn's losses and returns what came of the turn."""
        ...

    def minimise_together(self, turn: JointTurn) -> Outcome:
        """Takes one step of both sides on the losses of one turn, before which neither moves."""
        ...

    def position(self, side: str) -> Position:
        """Where a side stands now."""
        ...

    def lookahead(
        self, side: str, turn: Turn, steps: int, start: Position
    ) -> AbstractContextManager[None]:
        """Within, a side stands where `steps` updates on a turn would bring it from `start`.

        Where it stands is a differentiable function of all that the turn looks at.
        """
        ...

    def extrapolated(self, turn: JointTurn) -> AbstractContextManager[None]:
        """Within, both sides stand where one update on a turn would bring them from here.

        To be used in a turn: gradients by the weights are then those at that place.
        """
        ...

    def without_trace(self) -> AbstractContextManager[None]:
        """What is played within leaves no trace in the gradient of the surrounding turn."""
        ...


class DelegatingUpdates:
    """Updates that hand every request on to others, for those that change one or the other."""

    def __init__(self, updates: Updates) -> None:
        self._updates = updates

    def minimise(self, side: str, turn: Turn) -> Outcome:
        """See `Updates.minimise`."""
        return self._updates.minimise(side, turn)

    def minimise_together(self, turn: JointTurn) -> Outcome:
        """See `Updates.minimise_together`."""
        return self._updates.minimise_together(turn)

    def position(self, side: str) -> Position:
        """See `Updates.position`."""
        return self._updates.position(side)

    def lookahead(
        self, side: str, turn: Turn, steps: int, start: Position
    ) -> AbstractContextManager[None]:
        """See `Updates.lookahead`."""
        return self._updates.lookahead(side, turn, steps, start)

    def extrapolated(self, turn: JointTurn) -> AbstractContextManager[None]:
        """See `Updates.extrapolated`."""
        return self._updates.extrapolated(turn)

    def without_trace(self) -> AbstractContextManager[None]:
        """See `Updates.without_trace`."""
        return self._updates.without_trace()
