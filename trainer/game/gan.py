"""The game as a Keras model: one `train_step` is one round, its updates and the moving averages."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import keras
import tensorflow as tf

from trainer import randomness
from trainer.data import modalities
from trainer.data.examples import DataSpec, Examples
from trainer.game import averaging, instruments, replicas
from trainer.game.players import Network, Player
from trainer.game.roles import SIDES
from trainer.game.rounds.round import Round
from trainer.game.turns import Outcome, Updates
from trainer.game.updater import Learner, Updater
from trainer.randomness import Noise


class GAN(keras.Model):
    """Two sides, each of any number of networks, playing rounds against each other.

    Args:
        networks: by role, as `round.roles()` names them.
        averages: for averaged roles, a network of the same shape in float32, which follows.
        round: the rules of play.
        spec: what is known of the data; batches arrive in its units.
        seed: base of every random number.
        ema_decay: decay of the averaged weights, in [0, 1).
        compile_noise: whether XLA compiles what draws random words; they are the same. Only for
            games on one device.

    Example:
        gan = GAN({"generator": g, "discriminator": d}, {"generator": a}, round=round, spec=spec)
        gan.compile({"generator": Adam(…), "discriminator": Adam(…)})
        gan.fit(batches, steps_per_epoch=1000)
    """

    def __init__(
        self,
        networks: Mapping[str, keras.Model],
        averages: Mapping[str, keras.Model],
        *,
        round: Round,
        spec: DataSpec,
        seed: int = 0,
        ema_decay: float = 0.999,
        compile_noise: bool = False,
    ) -> None:
        super().__init__(name="gan")
        self.networks, self.averages = dict(networks), dict(averages)
        self.round, self.spec = round, spec
        self.seed, self.ema_decay, self.compile_noise = seed, ema_decay, compile_noise
        # Steps played; the same on every replica.
        self.step = tf.Variable(
            0,
            dtype=tf.int64,
            trainable=False,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            name="step",
        )
        roles = round.roles()
        for name, average in self.averages.items():
            averaging.copy_weights(self.networks[name], average)
        self.players = {
            name: Player(self.networks[name], role, self._average(name, role))
            for name, role in roles.items()
        }
        round.meet(self.players)

    def _average(self, name: str, role: Any) -> Network | None:
        return Network(self.averages[name], role) if name in self.averages else None

    def players_of(self, side: str) -> list[Player]:
        """The players of a side, in the order of the roles."""
        return [player for player in self.players.values() if player.role.side == side]

    def compile(self, learners: Mapping[str, Learner], **options: Any) -> None:
        """Gives each side its optimizer, built here so that replicas share its slots."""
        # `fit` works with an optimizer of Keras' own making only if it is given one.
        super().compile(optimizer=next(iter(learners.values())).optimizer, **options)
        self.optimizers = {side: learners[side].optimizer for side in SIDES if side in learners}
        for learner in learners.values():
            learner.optimizer.build(learner.variables)
        self.updater = Updater(learners)

    def train_step(self, batch: Mapping[str, tf.Tensor], stage: int = 0) -> dict[str, tf.Tensor]:
        """Plays one round on this replica's part of a global batch.

        Args:
            batch: name → [b, k, *shape] in stored units for each field of the data, k the round's
                turns; "position" int64 [b], each row's place in the global batch.
            stage: of the round (`Round.stages`).

        Returns:
            Names to float32 scalars: means over this replica's examples.
        """
        return self._stepped(batch, stage, self.updater)

    def read_step(
        self,
        batch: Mapping[str, tf.Tensor],
        held_out: Mapping[str, tf.Tensor] | None = None,
        stage: int = 0,
    ) -> dict[str, tf.Tensor]:
        """`train_step`, and beside its values what the instruments show of its turns.

        Args:
            batch: as there.
            held_out: held-out examples of the same form; None where there are none.
            stage: as there.
        """
        judgements = {} if held_out is None else self._judgements(held_out, stage)
        reader = instruments.Reader(self.updater, self.players)
        values = self._stepped(batch, stage, reader)
        return {**values, **reader.readings(judgements)}

    def _judgements(
        self, batch: Mapping[str, tf.Tensor], stage: int
    ) -> Mapping[str, instruments.Judgement]:
        """What the discriminators say of a batch before this step; nothing moves."""
        asker = instruments.Asker(self.updater)
        with ExitStack() as stack:
            for player in self.players.values():
                stack.enter_context(player.still())
            stack.enter_context(instruments.unchanged(self.round.state.values()))
            self.play(batch, self.step, asker, stage)
        return asker.judgements

    def _stepped(
        self, batch: Mapping[str, tf.Tensor], stage: int, updates: Updates
    ) -> dict[str, tf.Tensor]:
        outcome = self.play(batch, self.step, updates, stage)
        decay = averaging.ramped_decay(self.ema_decay, self.step)
        for name, average in self.averages.items():
            averaging.update(average, self.networks[name], decay)
        watched = {**outcome.watched, **outcome.losses}
        round_ = self.round.at(stage)
        if round_.state:
            round_.update_state({n: replicas.mean(values) for n, values in watched.items()})
        self.step.assign_add(1)
        return {name: tf.reduce_mean(values) for name, values in watched.items()}

    def begin(self, examples: Examples) -> None:
        """Sets what begins at the data, before the first step."""
        self.round.begin(self.players, examples)
        for name, average in self.averages.items():
            averaging.copy_weights(self.networks[name], average)

    def stage_at(self, step: int) -> int:
        """The stage of the round that the step after `step` steps belongs to."""
        return sum(step >= begins for begins in self.round.stages())

    def enter(self, stage: int) -> None:
        """Prepares a stage of the round, outside the graph, before its first step."""
        self.round.enter(stage, self.updater)

    def play(
        self, batch: Mapping[str, tf.Tensor], step: tf.Tensor, updates: Updates, stage: int = 0
    ) -> Outcome:
        """Plays the turns of one step, and nothing but those; see `train_step`."""
        batch = dict(batch)
        noise = Noise(self.seed, step, batch.pop("position"))
        fields = self.spec.fields
        # What a draw says of itself, such as its category, is no field of the data.
        seen = {
            name: modalities.seen(values, fields[name]) if name in fields else values
            for name, values in batch.items()
        }
        with randomness.compiled(self.compile_noise):
            return self.round.at(stage).play(self.players, seen, noise, updates)
