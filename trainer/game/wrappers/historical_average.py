"""Historical averaging: players are drawn to where they have been on average."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

import tensorflow as tf

from trainer import catalogue
from trainer.game.adversarial_loss import Batch
from trainer.game.parts import Parts
from trainer.game.players import Players
from trainer.game.rounds.round import Round
from trainer.game.turns import DelegatingUpdates, JointTurn, Outcome, Position, Turn, Updates
from trainer.game.wrappers.wrapper import Wrapper
from trainer.randomness import Noise


class HistoricalAverage(Wrapper):
    """Each side also minimises the distance of its weights from their own history.

        λ ‖θ - 1/t Σ_{i=1..t} θ[i]‖²,

    θ[i] as they were after step i; in the first step there is none. It brings players to rest that
    would circle around an equilibrium. The averages are state: checkpointed, moved once a step.

    Reference: Salimans et al. 2016, "Improved techniques for training GANs", section 3.3.
    """

    def __init__(self, options: catalogue.HistoricalAverage, round: Round, parts: Parts) -> None:
        super().__init__(options, round, parts)
        self._players: Players = {}
        self._means: dict[str, list[tf.Variable]] = {}
        self._steps = _variable(tf.zeros([], tf.int64))

    def meet(self, players: Players) -> None:
        """Lays out an average for every weight."""
        super().meet(players)
        self._players = players
        self._means = {
            name: [_variable(tf.zeros(weight.shape)) for weight in player.weights]
            for name, player in players.items()
        }

    @property
    def state(self) -> Mapping[str, tf.Variable]:
        """The averages, and of how many steps they are."""
        means = {
            f"historical_{name}_{number}": mean
            for name, of_player in self._means.items()
            for number, mean in enumerate(of_player)
        }
        return {**self.round.state, **means, "historical_steps": self._steps}

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        return self.round.play(players, batch, noise, _Remembering(updates, self))

    def distance(self, side: str) -> tf.Tensor:
        """λ times the squared distance of a side's weights from their averages, a scalar."""
        squares = [
            tf.reduce_sum(tf.square(weight - mean))
            for name, player in self._players.items()
            if player.role.side == side
            for weight, mean in zip(player.weights, self._means[name], strict=True)
        ]
        return self.options.weight * tf.where(self._steps > 0, tf.add_n(squares), 0.0)

    def update_state(self, means: Mapping[str, tf.Tensor]) -> None:
        """Takes the weights after a step into their averages."""
        super().update_state(means)
        steps = self._steps + 1
        for name, of_player in self._means.items():
            for mean, weight in zip(of_player, self._players[name].weights, strict=True):
                mean.assign(mean + (weight - mean) / tf.cast(steps, tf.float32))
        self._steps.assign(steps)


class _Remembering(DelegatingUpdates):
    """Updates in which a side also minimises its distance from its history."""

    def __init__(self, updates: Updates, wrapper: HistoricalAverage) -> None:
        super().__init__(updates)
        self._wrapper = wrapper

    def minimise(self, side: str, turn: Turn) -> Outcome:
        """See `Updates.minimise`."""
        return self._updates.minimise(side, self._drawn_back(side, turn))

    def minimise_together(self, turn: JointTurn) -> Outcome:
        """See `Updates.minimise_together`."""
        return self._updates.minimise_together(self._both_drawn_back(turn))

    def extrapolated(self, turn: JointTurn) -> AbstractContextManager[None]:
        """See `Updates.extrapolated`."""
        return self._updates.extrapolated(self._both_drawn_back(turn))

    def lookahead(
        self, side: str, turn: Turn, steps: int, start: Position
    ) -> AbstractContextManager[None]:
        """See `Updates.lookahead`."""
        return self._updates.lookahead(side, self._drawn_back(side, turn), steps, start)

    def _drawn_back(self, side: str, turn: Turn) -> Turn:
        return lambda: self._with_history(side, turn())

    def _both_drawn_back(self, turn: JointTurn) -> JointTurn:
        return lambda: {side: self._with_history(side, made) for side, made in turn().items()}

    def _with_history(self, side: str, outcome: Outcome) -> Outcome:
        rows = tf.shape(next(iter(outcome.losses.values())))[:1]
        distance = tf.fill(rows, self._wrapper.distance(side))
        return outcome | Outcome({f"{side}_history": distance})


def _variable(value: tf.Tensor) -> tf.Variable:
    """A variable that is the same on all replicas."""
    return tf.Variable(
        value, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA
    )
