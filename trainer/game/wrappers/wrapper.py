"""A round around a round: what it does not change passes through."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.data.examples import Examples
from trainer.game.adversarial_loss import Batch
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Network, Players
from trainer.game.roles import Role
from trainer.game.rounds.round import Round
from trainer.game.signatures.signature import Signatures
from trainer.game.turns import Outcome, Updates
from trainer.game.updater import Updater
from trainer.randomness import Noise


class Wrapper(Round):
    """A round that plays another one; subclasses change players, updates, roles or signatures.

    Args:
        options: the wrapper's own, from the catalogue.
        round: what is wrapped.
        parts: what the recipe chose beside it.
    """

    def __init__(self, options: Any, round: Round, parts: Parts) -> None:
        super().__init__(options, parts)
        self.round = round
        self.turns = round.turns
        self.compiles = round.compiles
        self.looks_ahead = round.looks_ahead

    @property
    def state(self) -> Mapping[str, tf.Variable]:
        """See `Round.state`."""
        return self.round.state

    def meet(self, players: Players) -> None:
        """See `Round.meet`."""
        self.round.meet(players)

    def begin(self, players: Players, examples: Examples) -> None:
        """See `Round.begin`."""
        self.round.begin(players, examples)

    def roles(self) -> Mapping[str, Role]:
        """See `Round.roles`."""
        return self.round.roles()

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        return self.round.play(players, batch, noise, updates)

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """See `Round.signatures`."""
        return self.round.signatures(networks)

    def statistics_inputs(self, seed: tf.Tensor, examples: Batch | None) -> Mapping[str, Inputs]:
        """See `Round.statistics_inputs`."""
        return self.round.statistics_inputs(seed, examples)

    def conditioned(self, given: Inputs, networks: Mapping[str, Network]) -> Inputs:
        """See `Round.conditioned`."""
        return self.round.conditioned(given, networks)

    def example_input(
        self, signature: str, name: str, examples: Mapping[str, np.ndarray]
    ) -> np.ndarray:
        """See `Round.example_input`."""
        return self.round.example_input(signature, name, examples)

    def update_state(self, means: Mapping[str, tf.Tensor]) -> None:
        """See `Round.update_state`."""
        self.round.update_state(means)

    def stages(self) -> tuple[int, ...]:
        """See `Round.stages`."""
        return self.round.stages()

    def at(self, stage: int) -> Round:
        """The wrapper around the round of a stage; its own state is that of all stages."""
        staged = copy.copy(self)
        staged.round = self.round.at(stage)
        return staged

    def enter(self, stage: int, updater: Updater) -> None:
        """See `Round.enter`."""
        self.round.enter(stage, updater)
