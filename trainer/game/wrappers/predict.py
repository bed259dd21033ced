"""A predictor beside the game: it learns properties of real examples, and moves nobody else."""

from collections.abc import Mapping

import tensorflow as tf

from trainer import catalogue
from trainer.data import modalities
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import Batch
from trainer.game.parts import Parts
from trainer.game.players import Network, Outputs, Players
from trainer.game.roles import DISCRIMINATOR, Role
from trainer.game.rounds.round import Round, of_turn
from trainer.game.signatures.judgement import seen_samples, stored_inputs
from trainer.game.signatures.signature import Signature, Signatures
from trainer.game.turns import DelegatingUpdates, JointTurn, Outcome, Turn, Updates
from trainer.game.wrappers.wrapper import Wrapper
from trainer.randomness import Noise


class Predict(Wrapper):
    """A network P that minimises Σ_k (P(x)_k - y_k)² on real examples x with properties y.

    Properties are seen with their ranges on [-1, 1]. P is on the discriminator's side and takes its
    step with it, on the examples of the same turn; no loss of the game reaches it, and none of its
    own reaches anybody else. `predict` answers what it says, and the search `design` follows it.

    Reference: the predictor of Killoran et al. 2017, "Generating and designing DNA with deep
    generative models", section 3.2, which is trained by itself.

    Raises:
        ConfigError: when the data has no such properties.
    """

    def __init__(self, options: catalogue.Predict, round: Round, parts: Parts) -> None:
        super().__init__(options, round, parts)
        fields = parts.spec.fields
        self.name = options.field
        if self.name not in fields or fields[self.name].kind != "attributes":
            found = ", ".join(n for n, f in fields.items() if f.kind == "attributes") or "none"
            raise ConfigError(
                f"wrappers: received 'predict' with field={self.name}, but the data's fields of "
                f"properties are {found}; name one of them, or take data that has some."
            )
        self.field = fields[self.name]

    def roles(self) -> Mapping[str, Role]:
        """Those of the game, and the predictor."""
        sample = {"sample": modalities.seen_field(self.parts.spec.sample)}
        said = {self.name: modalities.seen_field(self.field)}
        return {**super().roles(), "predictor": Role("encoder", DISCRIMINATOR, sample, said)}

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        return super().play(players, batch, noise, _Learning(updates, self, players, batch))

    def loss(self, players: Players, batch: Batch) -> Outcome:
        """The squared errors of examples, float32 [b]."""
        said = players["predictor"]({"sample": batch["sample"]})[self.name]
        errors = tf.reduce_sum(tf.square(said - batch[self.name]), axis=1)
        return Outcome({"prediction_error": errors})

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """What the game can be asked, and `predict`."""
        fields = {"sample": self.parts.spec.sample}
        answered = Field(self.field.shape, kind="vector", names=self.field.names)

        def predict(**given: tf.Tensor) -> Outputs:
            said = networks["predictor"](seen_samples(given, fields))[self.name]
            return {self.name: modalities.stored(said, self.field)}

        asked = Signature(stored_inputs(fields), {self.name: answered}, predict)
        return {**super().signatures(networks), "predict": asked}


class _Learning(DelegatingUpdates):
    """Updates in which the predictor takes its step with the discriminator."""

    def __init__(self, updates: Updates, wrapper: Predict, players: Players, batch: Batch) -> None:
        super().__init__(updates)
        self._wrapper, self._players, self._batch = wrapper, players, batch
        self._turn = 0

    def minimise(self, side: str, turn: Turn) -> Outcome:
        """See `Updates.minimise`."""
        if side != DISCRIMINATOR:
            return self._updates.minimise(side, turn)
        own = self._next()
        return self._updates.minimise(side, lambda: turn() | self._loss(own))

    def minimise_together(self, turn: JointTurn) -> Outcome:
        """See `Updates.minimise_together`."""
        own = self._next()

        def both() -> Mapping[str, Outcome]:
            made = turn()
            return {**made, DISCRIMINATOR: made[DISCRIMINATOR] | self._loss(own)}

        return self._updates.minimise_together(both)

    def _next(self) -> Batch:
        """The examples of the next turn."""
        number = min(self._turn, self._wrapper.turns - 1)
        self._turn += 1
        return of_turn(self._batch, number)

    def _loss(self, batch: Batch) -> Outcome:
        return self._wrapper.loss(self._players, batch)
