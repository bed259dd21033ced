"""The one place where losses become updates: scaled by the global batch, clipped, applied."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace

import keras
import tensorflow as tf

from trainer.game import replicas
from trainer.game.optimizers import Rule, slots
from trainer.game.players import Player
from trainer.game.turns import DelegatingUpdates, JointTurn, Outcome, Position, Turn, Updates


@dataclass(frozen=True)
class Learner:
    """The networks of a side with the optimizer that moves them.

    Attributes:
        players: in the order of the game's roles.
        rule: the optimizer's update as a pure function, for looking ahead.
        clip_norm: largest norm of the whole gradient over all replicas; None does not clip.
        clip_weights: every weight stays in [-clip_weights, clip_weights]; None does not clip.
    """

    players: Sequence[Player]
    optimizer: keras.optimizers.Optimizer
    rule: Rule
    clip_norm: float | None = None
    clip_weights: float | None = None

    @property
    def variables(self) -> list[keras.Variable]:
        """The trainable weights of all networks, in order."""
        return [v for player in self.players for v in player.model.trainable_variables]

    @contextmanager
    def at(self, weights: Sequence[tf.Tensor]) -> Iterator[None]:
        """Within, the networks have these weights."""
        left = list(weights)
        with ExitStack() as stack:
            for player in self.players:
                count = len(player.model.trainable_variables)
                stack.enter_context(player.at(left[:count]))
                left = left[count:]
            yield


class _Recording(threading.local):
    """The tape of the turn that is being played, a tape for each replica's thread."""

    tape: tf.GradientTape | None = None

    @contextmanager
    def by(self, tape: tf.GradientTape) -> Iterator[None]:
        """Within, this tape records."""
        before, self.tape = self.tape, tape
        try:
            yield
        finally:
            self.tape = before


class Updater:
    """Minimises each side's losses with respect to its own weights (`turns.Updates`).

    Keras' optimizers sum gradients over replicas, so the sum of the examples' losses divided by
    the number of examples in the *global* batch gives the gradient of the global mean.

    Args:
        learners: by side.
    """

    def __init__(self, learners: Mapping[str, Learner]) -> None:
        self.learners = learners
        self._recording = _Recording()

    def minimise(self, side: str, turn: Turn) -> Outcome:
        """Takes one step of a side and returns the outcome as it was before the step."""
        return self._minimise((side,), lambda: {side: turn()})

    def minimise_together(self, turn: JointTurn) -> Outcome:
        """Takes one step of both sides, each on its own losses as they were before the step."""
        return self._minimise(tuple(self.learners), turn)

    def _minimise(self, sides: Sequence[str], turn: JointTurn) -> Outcome:
        outcomes, gradients = self.differentiate(sides, turn)
        for side in sides:
            self.apply(side, gradients[side])
        return together(outcomes)

    def differentiate(
        self, sides: Sequence[str], turn: JointTurn
    ) -> tuple[Mapping[str, Outcome], dict[str, list[tf.Tensor]]]:
        """What comes of a turn, and each side's gradient of its own losses by its own weights."""
        weights = {side: [v.value for v in self.learners[side].variables] for side in sides}
        several = len(sides) > 1
        with tf.GradientTape(persistent=several, watch_accessed_variables=False) as tape:
            tape.watch([weight for side in sides for weight in weights[side]])
            with self._recording.by(tape):
                outcomes = turn()
            totals = {side: global_total(outcomes[side]) for side in sides}
        gradients = {
            side: tape.gradient(
                totals[side], weights[side], unconnected_gradients=tf.UnconnectedGradients.ZERO
            )
            for side in sides
        }
        return outcomes, {s: [tf.convert_to_tensor(g) for g in gradients[s]] for s in sides}

    def apply(self, side: str, gradients: list[tf.Tensor]) -> None:
        """Moves a side by its gradient, and what follows its weights."""
        learner = self.learners[side]
        variables = learner.variables
        if learner.clip_norm is not None:
            gradients = clip_global(gradients, learner.clip_norm)
        learner.optimizer.apply(gradients, variables)
        if learner.clip_weights is not None:
            limited = _limited([variable.value for variable in variables], learner.clip_weights)
            for variable, value in zip(variables, limited, strict=True):
                variable.assign(value)
        for player in learner.players:
            player.follow_weights()

    def forget(self) -> None:
        """Both sides' optimizers begin anew: moments and counts of updates are zero.

        To be called outside of a step. An update that counts from zero is as long as the first
        one was; moments alone set to zero would make it up to 1 / √(1 - β₂) times too long.
        """
        for learner in self.learners.values():
            for variable in (*slots(learner.optimizer), learner.optimizer.iterations):
                variable.assign(tf.zeros(variable.shape, variable.dtype))

    def position(self, side: str) -> Position:
        """Where a side stands now."""
        learner = self.learners[side]
        return Position(
            [tf.identity(variable.value) for variable in learner.variables],
            [tf.identity(slot.value) for slot in slots(learner.optimizer)],
            tf.identity(learner.optimizer.iterations.value),
        )

    @contextmanager
    def lookahead(self, side: str, turn: Turn, steps: int, start: Position) -> Iterator[None]:
        """Within, a side stands where `steps` updates on a turn would bring it from `start`."""
        learner = self.learners[side]
        place = start
        for _ in range(steps):
            with learner.at(place.weights), tf.GradientTape() as tape:
                tape.watch(place.weights)
                total = global_total(turn())
            gradients = tape.gradient(
                total, place.weights, unconnected_gradients=tf.UnconnectedGradients.ZERO
            )
            place = _moved(learner, place, gradients)
        with learner.at(place.weights):
            yield

    @contextmanager
    def extrapolated(self, turn: JointTurn) -> Iterator[None]:
        """Within, both sides stand where one update on a turn would bring them from here."""
        with self.without_trace():
            _, gradients = self.differentiate(tuple(self.learners), turn)
            places = {
                side: _moved(learner, self.position(side), gradients[side])
                for side, learner in self.learners.items()
            }
        with ExitStack() as stack:
            for side, learner in self.learners.items():
                here = [tf.convert_to_tensor(variable.value) for variable in learner.variables]
                # A shift that has no gradient: by the weights there is by the weights here.
                there = [
                    weight + tf.stop_gradient(place - weight)
                    for weight, place in zip(here, places[side].weights, strict=True)
                ]
                stack.enter_context(learner.at(there))
            yield

    def without_trace(self) -> AbstractContextManager[None]:
        """What is played within leaves no trace in the gradient of the surrounding turn."""
        tape = self._recording.tape
        return nullcontext() if tape is None else tape.stop_recording()


class OneSideMoves(DelegatingUpdates):
    """The updates of a game in which one side moves, or none."""

    def __init__(self, updates: Updates, moving: str | None) -> None:
        super().__init__(updates)
        self._moving = moving

    def minimise(self, side: str, turn: Turn) -> Outcome:
        """Plays a turn; only the moving side takes a step."""
        return super().minimise(side, turn) if side == self._moving else turn()

    def minimise_together(self, turn: JointTurn) -> Outcome:
        """Plays a turn of both sides; only the moving one takes a step."""
        outcomes: dict[str, Outcome] = {}

        def own() -> Outcome:
            outcomes.update(turn())
            return outcomes[str(self._moving)]

        if self._moving is None:
            return together(turn())
        super().minimise(self._moving, own)
        return together(outcomes)

    def extrapolated(self, turn: JointTurn) -> AbstractContextManager[None]:
        """Nobody looks ahead: the other side will not move."""
        return nullcontext()


def together(outcomes: Mapping[str, Outcome]) -> Outcome:
    """What came of a turn for all sides, as one."""
    joined = Outcome()
    for outcome in outcomes.values():
        joined = joined | outcome
    return joined


def _moved(learner: Learner, place: Position, gradients: Sequence[tf.Tensor]) -> Position:
    """Where an update by this replica's gradients leads a side from a place."""
    gradients = replicas.summed(gradients)
    if learner.clip_norm is not None:
        gradients, _ = tf.clip_by_global_norm(gradients, learner.clip_norm)
    place = learner.rule(place, gradients)
    if learner.clip_weights is not None:
        place = replace(place, weights=_limited(place.weights, learner.clip_weights))
    return place


def global_total(outcome: Outcome) -> tf.Tensor:
    """The sum of the losses' global means; this replica's part of it."""
    return tf.add_n([global_mean(losses) for losses in outcome.losses.values()])


def global_mean(losses: tf.Tensor) -> tf.Tensor:
    """This replica's part of the mean over the global batch: the parts of all replicas add up."""
    examples = tf.shape(losses)[0] * replicas.count()
    return tf.reduce_sum(losses) / tf.cast(examples, losses.dtype)


def clip_global(gradients: Sequence[tf.Tensor], norm: float) -> list[tf.Tensor]:
    """This replica's share of the global gradient, scaled down to a norm of at most `norm`.

    Clipping each replica's own gradient would depend on how the batch was shared; so the gradient
    is summed first, clipped, and divided again for the optimizer, which will sum it.
    """
    clipped, _ = tf.clip_by_global_norm(replicas.summed(gradients), norm)
    return [gradient / replicas.count() for gradient in clipped]


def _limited(weights: Sequence[tf.Tensor], limit: float) -> list[tf.Tensor]:
    """The weights moved into [-limit, limit]."""
    return [tf.clip_by_value(weight, -limit, limit) for weight in weights]
