"""Games of the lab: put together from a recipe, and played by the library's own rounds.

Nothing here knows a loss. A game is assembled as any other is; what differs is that its real
examples are a function of the step's random streams, that a side may stand still, and
that everything can be watched after every step.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import numpy as np
import tensorflow as tf

from trainer import randomness
from trainer.config.recipe import make_experiment, merge
from trainer.data.examples import DataSpec
from trainer.fields import Field
from trainer.game.assembly import assemble
from trainer.game.roles import DISCRIMINATOR, SIDES
from trainer.game.turns import JointTurn, Outcome, Position, Turn
from trainer.game.updater import Learner, OneSideMoves, Updater, global_total, together
from trainer.randomness import Noise

# Real examples of a step, float32 [b, turns, d], from its random streams.
Real = Callable[[Noise, int], tf.Tensor]
# What is to be seen of a game after a step: a float32 vector.
Watch = Callable[["LabGame"], tf.Tensor]

# Samples of the lab are numbers as the players see them.
_UNITS = (-1.0, 1.0)


class LabGame:
    """A game that is played on from call to call.

    Args:
        recipe: what differs from the defaults, as in a recipe.
        real: the real examples.
        size: numbers in a sample.
        watch: see `play`.
        moving: the sides that learn; the turns of others are played and move nobody.
    """

    def __init__(
        self,
        recipe: Mapping[str, Any],
        real: Real,
        *,
        size: int,
        watch: Watch | None = None,
        moving: Sequence[str] = SIDES,
    ) -> None:
        experiment = make_experiment(merge({"name": "lab"}, recipe))
        spec = DataSpec({"sample": Field((size,), range=_UNITS)}, fingerprint="", count=1)
        game = assemble(experiment, spec)
        self.gan, self.live, self.experiment = game.gan, game.live, experiment
        self._start = [(variable, variable.numpy()) for variable in self._moved()]
        self._real, self._watch, self._moving = real, watch or weights, frozenset(moving)
        self._played = tf.function(self._play, autograph=False)
        self._judged = tf.function(self._judge, autograph=False, reduce_retracing=True)

    def play(self, steps: int, *, ahead: int = 0) -> np.ndarray:
        """Plays on; what was watched after each step, float32 [steps, n].

        Args:
            steps: of the whole game.
            ahead: further steps before each of them, in which the discriminator alone moves. With
                k - 1 of them the discriminator has k turns for each of the generator's, as by
                `round.discriminator_turns`, which would be traced turn by turn. A game that ever
                has some is traced once for all numbers of them.
        """
        return self._played(tf.constant(steps), tf.constant(ahead) if ahead else None).numpy()

    def begin_again(self) -> None:
        """Puts everything that has moved back to where it stood at the start."""
        for variable, value in self._start:
            variable.assign(value)

    def place(self, *values: Sequence[float]) -> None:
        """Puts all weights of the game, in the order of the roles, at these values."""
        for variable, value in zip(self.variables, values, strict=True):
            variable.assign(tf.reshape(tf.constant(value, tf.float32), variable.shape))

    def _moved(self) -> list[Any]:
        """Whatever a step may change."""
        networks = (*self.gan.networks.values(), *self.gan.averages.values())
        learned = [
            v for owner in (*networks, *self.gan.optimizers.values()) for v in owner.variables
        ]
        return [self.gan.step, *self.gan.round.state.values(), *learned]

    @property
    def variables(self) -> list[Any]:
        """The trainable weights of all networks, in the order of the roles."""
        return [v for n in self.gan.networks.values() for v in n.trainable_variables]

    def logits(self, samples: np.ndarray) -> np.ndarray:
        """What the discriminator says of samples [n, d] now, float32 [n]."""
        return self._judged(tf.constant(samples, tf.float32)).numpy()

    def samples(self, count: int) -> np.ndarray:
        """What the generator makes of seeds 0, 1, … now, float32 [count, d]."""
        self.live.refresh()
        return self.live.run("generate", {"seed": np.arange(count)})["sample"]

    def batch(self) -> dict[str, tf.Tensor]:
        """The real examples of the present step."""
        rows = tf.range(self.experiment.train.batch_size, dtype=tf.int64)
        noise = Noise(self.gan.seed, self.gan.step, rows, "lab/")
        with randomness.compiled(self.gan.compile_noise):
            return {"sample": self._real(noise, self.gan.round.turns), "position": rows}

    def _play(self, steps: tf.Tensor, ahead: tf.Tensor | None) -> tf.Tensor:
        seen = tf.TensorArray(tf.float32, steps)

        def alone(i: tf.Tensor) -> tuple[tf.Tensor]:
            self._step(frozenset({DISCRIMINATOR}))
            return (i + 1,)

        def step(i: tf.Tensor, seen: Any) -> tuple[tf.Tensor, Any]:
            if ahead is not None:
                start = (tf.constant(0),)
                tf.while_loop(lambda i: i < ahead, alone, start, parallel_iterations=1)
            self._step(self._moving)
            return i + 1, seen.write(i, self._watch(self))

        _, seen = tf.while_loop(
            lambda i, _: i < steps, step, (tf.constant(0), seen), parallel_iterations=1
        )
        return seen.stack()

    def _judge(self, samples: tf.Tensor) -> tf.Tensor:
        return self.gan.players["discriminator"]({"sample": samples}, freeze_statistics=True)[
            "logits"
        ]

    def _step(self, moving: frozenset[str]) -> None:
        if moving >= set(SIDES):
            self.gan.train_step(self.batch())
            return
        (side,) = moving
        self.gan.play(self.batch(), self.gan.step, OneSideMoves(self.gan.updater, side))
        self.gan.step.assign_add(1)

    def descent(self, weights: tf.Tensor) -> tf.Tensor:
        """Where both sides' gradients lead from weights [n]: their negatives, float32 [n].

        This is the vector field v of Mescheder et al. 2018, equation 3, of the losses that the
        turns of a step give, both sides standing at `weights`. It can be differentiated.
        """
        fields: Any = _Descent(self.gan.updater, weights)
        with fields.standing():
            self.gan.play(self.batch(), self.gan.step, fields)
        return tf.concat([fields.directions[side] for side in SIDES], axis=0)

    def eigenvalues(self, weights: Sequence[float]) -> np.ndarray:
        """Of the vector field's Jacobian at these weights, complex [n], by imaginary part."""
        place = tf.constant(weights, tf.float32)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(place)
            field = self.descent(place)
        jacobian = tape.jacobian(field, place, experimental_use_pfor=False)
        return np.sort_complex(np.linalg.eigvals(jacobian.numpy().astype(np.float64)))


def weights(game: LabGame) -> tf.Tensor:
    """All trainable weights of a game as one vector [n], in the order of the roles."""
    return tf.concat([tf.reshape(v.value, [-1]) for v in game.variables], axis=0)


def nothing(game: LabGame) -> tf.Tensor:
    """For games that are only looked at between calls."""
    return tf.zeros([0])


def gaussian(mean: Sequence[float], spread: Sequence[float]) -> Real:
    """Real examples that are normal, independent along the axes."""

    def real(noise: Noise, turns: int) -> tf.Tensor:
        size = len(mean)
        drawn = randomness.normal(noise.keys("real"), turns * size)
        z = tf.reshape(drawn, [-1, turns, size])
        return tf.constant(mean, tf.float32) + tf.constant(spread, tf.float32) * z

    return real


def uniform(low: float, high: float) -> Real:
    """Real examples on a line, uniform between two numbers."""

    def real(noise: Noise, turns: int) -> tf.Tensor:
        share = randomness.uniform(noise.keys("real"), turns)
        return (low + (high - low) * share)[..., tf.newaxis]

    return real


def drawn_from(table: np.ndarray) -> Real:
    """Real examples that are rows of a table [n, d], drawn with replacement."""
    kept = tf.constant(table, tf.float32)

    def real(noise: Noise, turns: int) -> tf.Tensor:
        share = randomness.uniform(noise.keys("real"), turns)
        # float32 may round the product up to the number of rows itself.
        index = tf.minimum(tf.cast(share * len(table), tf.int32), len(table) - 1)
        return tf.gather(kept, index)

    return real


class _Descent:
    """Updates that move nobody and keep where each side's gradient would lead it.

    Args:
        updates: whose learners play.
        weights: of both sides [n], the generator's first.
    """

    def __init__(self, updates: Updater, weights: tf.Tensor) -> None:
        self._learners: Mapping[str, Learner] = updates.learners
        self._places: dict[str, list[tf.Tensor]] = {}
        for side in SIDES:
            variables = self._learners[side].variables
            sizes = [math.prod(variable.shape) for variable in variables]
            own, weights = weights[: sum(sizes)], weights[sum(sizes) :]
            self._places[side] = [
                tf.reshape(part, variable.shape)
                for part, variable in zip(tf.split(own, sizes), variables, strict=True)
            ]
        self.directions: dict[str, tf.Tensor] = {}

    def standing(self) -> AbstractContextManager[Any]:
        """Within, both sides have the weights."""
        stack = ExitStack()
        for side, place in self._places.items():
            stack.enter_context(self._learners[side].at(place))
        return stack

    def minimise(self, side: str, turn: Turn) -> Outcome:
        """Keeps the direction instead of taking a step."""
        return self._kept(lambda: {side: turn()})

    def minimise_together(self, turn: JointTurn) -> Outcome:
        """Keeps both sides' directions instead of taking a step."""
        return self._kept(turn)

    def _kept(self, turn: JointTurn) -> Outcome:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(list(self._places.values()))
            outcomes = turn()
            totals = {side: global_total(outcome) for side, outcome in outcomes.items()}
        for side, total in totals.items():
            gradients = tape.gradient(
                total, self._places[side], unconnected_gradients=tf.UnconnectedGradients.ZERO
            )
            self.directions[side] = -tf.concat([tf.reshape(g, [-1]) for g in gradients], axis=0)
        return together(outcomes)

    def position(self, side: str) -> Position:
        """Where a side stands."""
        return Position(self._places[side], [], tf.constant(0, tf.int64))
