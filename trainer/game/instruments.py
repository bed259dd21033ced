"""Instruments: how a game stands, read off the tensors that one step's turns have anyway.

A step that is read plays what it would play unread: nothing here draws a number or moves a
variable (though TensorFlow may round a sum of the step otherwise among other operations). There are
two further passes: the discriminator's turn is asked, before it is played, about held-out examples,
and a conditional generator makes fakes of the same latents under other conditions.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import tensorflow as tf

from trainer.data.examples import sample_of
from trainer.game import replicas
from trainer.game.players import Player, Players
from trainer.game.readings import PREFIX
from trainer.game.turns import (
    DelegatingUpdates,
    JointTurn,
    Judgement,
    Outcome,
    Position,
    Turn,
    Updates,
)
from trainer.game.updater import Updater, together

# Recall compares every pair of examples: so many of a batch suffice.
_MOST_COMPARED = 256
# Neighbours of a fake that span the ball in which it stands for real examples.
_NEIGHBOURS = 3


class Reader(DelegatingUpdates):
    """Updates of a step that is read: what the updater grants (`turns.Updates`), and noted.

    Of several turns of a side the first one is noted: it is played where the step begins, and so
    is the pass over held-out examples.

    Args:
        updater: which it asks for everything.
        players: by role.
    """

    def __init__(self, updater: Updater, players: Players) -> None:
        super().__init__(updater)
        self._updater, self._generator = updater, players.get("generator")
        self._gradient_norms: dict[str, tf.Tensor] = {}
        self._judgements: Mapping[str, Judgement] = {}
        self._of_condition: dict[str, tf.Tensor] = {}

    def minimise(self, side: str, turn: Turn) -> Outcome:
        """See `Updates.minimise`."""
        return self._minimise((side,), lambda: {side: turn()})

    def minimise_together(self, turn: JointTurn) -> Outcome:
        """See `Updates.minimise_together`."""
        return self._minimise(tuple(self._updater.learners), turn)

    def _minimise(self, sides: Sequence[str], turn: JointTurn) -> Outcome:
        outcomes, gradients = self._updater.differentiate(sides, turn)
        outcome = together(outcomes)
        if not self._judgements:
            self._judgements = outcome.judgements
            if "" in outcome.judgements and self._generator is not None:
                self._of_condition = of_condition(outcome.judgements[""], self._generator)
        for side in sides:
            if side not in self._gradient_norms:
                self._gradient_norms[side] = global_norm(replicas.summed(gradients[side]))
            self._updater.apply(side, gradients[side])
        return outcome

    def readings(self, held_out: Mapping[str, Judgement]) -> dict[str, tf.Tensor]:
        """All that can be read of the step that was played, float32 scalars by name.

        Args:
            held_out: what the same discriminators say of held-out examples.
        """
        found = dict(self._of_condition)
        for side, norm in self._gradient_norms.items():
            weights = [v.value for v in self._updater.learners[side].variables]
            found |= {f"{side}_gradient_norm": norm, f"{side}_weight_norm": global_norm(weights)}
        for name, judgement in self._judgements.items():
            read = of_turn(judgement)
            if name in held_out:
                read |= of_held_out(judgement, held_out[name])
            found |= {f"{name}{key}": value for key, value in read.items()}
        return {f"{PREFIX}{name}": value for name, value in found.items()}


class Asker(DelegatingUpdates):
    """Updates that update nothing: they ask a discriminator's turn what it would have seen.

    Attributes:
        judgements: of the first turn that judged.
    """

    def __init__(self, updates: Updates) -> None:
        super().__init__(updates)
        self._asked = Outcome()

    @property
    def judgements(self) -> Mapping[str, Judgement]:
        """See the class."""
        return self._asked.judgements

    def minimise(self, side: str, turn: Turn) -> Outcome:
        """What comes of the turn, unless one has been asked that tells all."""
        if not self.judgements:
            outcome = turn()
            # Of a turn that holds the discriminator's, the inner one has been noted by now.
            self._asked = self._asked if self.judgements else outcome
        return self._asked

    def minimise_together(self, turn: JointTurn) -> Outcome:
        """What comes of the turn for both sides."""
        return self.minimise("", lambda: together(turn()))

    def lookahead(
        self, side: str, turn: Turn, steps: int, start: Position
    ) -> AbstractContextManager[None]:
        """The side stands where it stands."""
        return nullcontext()

    def extrapolated(self, turn: JointTurn) -> AbstractContextManager[None]:
        """Both sides stand where they stand."""
        return nullcontext()

    def without_trace(self) -> AbstractContextManager[None]:
        """There is no trace."""
        return nullcontext()


@contextmanager
def unchanged(variables: Iterable[tf.Variable]) -> Iterator[None]:
    """Afterwards the variables are what they were."""
    before = [(variable, tf.identity(variable)) for variable in variables]
    try:
        yield
    finally:
        for variable, value in before:
            variable.assign(value)


# ---- What is read --------------------------------------------------------------------------------


def of_turn(judgement: Judgement) -> dict[str, tf.Tensor]:
    """Accuracies where the objective draws a line, and how much the fakes differ.

    Returns:
        real_accuracy, fake_accuracy: shares on the right side of the boundary, means over this
            replica's examples like everything of a step.
        diversity: see `diversity`.
        The means of what else was read of the fakes, such as class_accuracy, the share of those of
        which the discriminator names the class asked for.
    """
    found: dict[str, tf.Tensor] = {}
    if judgement.boundary is not None:
        found = {
            "real_accuracy": _is_real(judgement.real_logits, judgement),
            "fake_accuracy": 1.0 - _is_real(judgement.fake_logits, judgement),
        }
    found |= {name: tf.reduce_mean(values) for name, values in judgement.read.items()}
    real, fake = _rows(judgement.real), _rows(judgement.fake)
    return {**found, "diversity": diversity(real, fake)}


def of_condition(judgement: Judgement, generator: Player) -> dict[str, tf.Tensor]:
    """What the latent changes under one condition, and what the condition changes.

    Each latent z is taken once more, under the condition c' of the next row, whose own fake is
    G(z', c'). Distances are in units of that of neighbours among the real examples, as in
    `diversity`.

    Args:
        judgement: of the turn.
        generator: which made its fakes.

    Returns:
        conditional_diversity: E‖G(z, c') - G(z', c')‖, zero where the latent is ignored.
        condition_effect: E‖G(z, c) - G(z, c')‖, zero where the condition is.
        condition_effect_of_NAME: the same with c' in NAME alone, for each of several conditions.
        Nothing where the generator has no latent, or no condition.
    """
    inputs = {**judgement.given, **judgement.fake}
    conditioning = set(generator.names) - {"latent", "key"}
    if (
        "latent" not in generator.names
        or not conditioning
        or not set(generator.names) <= inputs.keys()
    ):
        return {}
    others = {name: replicas.following(inputs[name]) for name in sorted(conditioning)}
    fake, real = _rows(judgement.fake), _rows(judgement.real)
    unit = _distance(real, tf.roll(real, -1, axis=0))

    def under(changed: Mapping[str, tf.Tensor]) -> tf.Tensor:
        return _rows(generator({**inputs, **changed}, freeze_statistics=True))

    crossed = under(others)
    read = {
        "conditional_diversity": _distance(crossed, tf.roll(fake, -1, axis=0)) / unit,
        "condition_effect": _distance(crossed, fake) / unit,
    }
    if len(others) > 1:
        for name, value in others.items():
            alone = _distance(under({name: value}), fake) / unit
            read[f"condition_effect_of_{_known_as(name, generator)}"] = alone
    return read


def _known_as(name: str, generator: Player) -> str:
    """What recipes and requests call an input."""
    return "label" if generator.role.inputs[name].kind == "one_hot" else name


def of_held_out(judgement: Judgement, held_out: Judgement) -> dict[str, tf.Tensor]:
    """How the discriminator takes real examples that it never trained on.

    Args:
        judgement: of the turn, whose fakes are new to it as well.
        held_out: of the same weights about held-out examples.

    Returns:
        held_out_gap: mean logit of the turn's real examples less that of the held-out ones.
        held_out_accuracy: mean of the shares of held-out examples and of fakes that are told, ½
            where they cannot be told apart.
        held_out_cross_entropy: -½ E[log D(held out)] - ½ E[log(1 - D(G(z)))], ln 2 there.
        recall, recall_of_real: shares of the held-out examples that lie among the fakes, and,
            as many as a generator could reach, among the turn's real examples (`recall`).
    """
    unseen, fake_logits = held_out.real_logits, judgement.fake_logits
    found = {"held_out_gap": tf.reduce_mean(judgement.real_logits) - tf.reduce_mean(unseen)}
    if judgement.boundary is not None:
        right = _is_real(unseen, judgement) + 1.0 - _is_real(fake_logits, judgement)
        found["held_out_accuracy"] = 0.5 * right
    if judgement.probabilities:
        losses = tf.nn.softplus(-unseen), tf.nn.softplus(fake_logits)
        found["held_out_cross_entropy"] = 0.5 * tf.add_n([tf.reduce_mean(x) for x in losses])
    points = _rows(held_out.real)
    if _enough(points):
        found["recall"] = recall(points, _rows(judgement.fake))
        found["recall_of_real"] = recall(points, _rows(judgement.real))
    return found


def diversity(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Mean distance of neighbours among the fakes in units of that among the real examples.

    One for a generator that varies as the data do, zero for one that always makes the same. Each
    row has one neighbour, the next one; conditions are those of the batch in both.

    Args:
        real: float32 [n, d], rows in the global batch's order.
        fake: likewise.
    """
    spread = [_distance(rows, tf.roll(rows, 1, axis=0)) for rows in (fake, real)]
    return spread[0] / spread[1]


def recall(points: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """The share of points within the distance of some other to its third nearest fellow.

    Of a batch, and in data space, it compares moments of one run; numbers that compare generators
    take thousands of samples and features (`gan evaluate`).

    Reference: Kynkäänniemi et al. 2019, "Improved precision and recall metric for assessing
    generative models", section 2.

    Args:
        points: float32 [n, d].
        others: float32 [m, d], m more than three.
    """
    points, others = points[:_MOST_COMPARED], others[:_MOST_COMPARED]
    # The nearest of all is the other itself.
    nearest = tf.math.top_k(-_squared_distances(others, others), _NEIGHBOURS + 1).values
    within = _squared_distances(points, others) <= -nearest[:, -1]
    return tf.reduce_mean(tf.cast(tf.reduce_any(within, axis=1), tf.float32))


def global_norm(tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    """√Σ‖tensor‖², float32."""
    return tf.linalg.global_norm([tf.cast(tensor, tf.float32) for tensor in tensors])


def _distance(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """E‖a_i - b_i‖."""
    return tf.reduce_mean(tf.norm(a - b, axis=1))


def _squared_distances(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """‖a_i - b_j‖², float32 [n, m]."""
    squares = tf.reduce_sum(tf.square(a), 1)[:, tf.newaxis] + tf.reduce_sum(tf.square(b), 1)
    return tf.maximum(squares - 2.0 * tf.matmul(a, b, transpose_b=True), 0.0)


def _is_real(logits: tf.Tensor, judgement: Judgement) -> tf.Tensor:
    """The share that is taken for real."""
    return tf.reduce_mean(tf.cast(logits > judgement.boundary, tf.float32))


def _rows(sample: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """The samples of the global batch as vectors, float32 [n, d]."""
    values = tf.cast(sample[sample_of(sample)], tf.float32)
    sides = values.shape[1:]
    count = values.shape[0] and values.shape[0] * replicas.count()
    rows = tf.reshape(replicas.gathered(values), [-1, sides.num_elements() or tf.size(values[0])])
    return tf.ensure_shape(rows, [count, sides.num_elements()])


def _enough(rows: tf.Tensor) -> bool:
    """Whether there are as many as `recall` asks for."""
    return rows.shape[0] is not None and rows.shape[0] > _NEIGHBOURS
