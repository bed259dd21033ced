"""What every round is: which networks a game has, how it is played, what it can be asked."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from trainer import randomness
from trainer.data.examples import Examples
from trainer.game.adversarial_loss import Batch
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Network, Players
from trainer.game.roles import Role
from trainer.game.signatures.signature import Signatures
from trainer.game.turns import Outcome, Updates
from trainer.game.updater import Updater
from trainer.randomness import Noise


class Round:
    """The rules of play of one kind of game.

    A round plays the turns of one step: it hands each turn's losses, as a function, to
    `updates.minimise`, and never scales, differentiates or applies anything itself. A wrapper is
    a round around a round (`trainer.game.wrappers`).

    Args:
        options: the round's own, from the catalogue.
        parts: what the recipe chose beside it.

    Attributes:
        turns: batches of real examples that one step consumes.
        compiles: whether XLA can compile a step.
        looks_ahead: whether gradients flow through updates, which takes second derivatives.
        state: variables beside weights, equal on all replicas; `update_state` moves them.
    """

    turns: int = 1
    compiles: bool = True
    looks_ahead: bool = False

    def __init__(self, options: Any, parts: Parts) -> None:
        self.options = options
        self.parts = parts

    @property
    def state(self) -> Mapping[str, tf.Variable]:
        """Variables beside weights, by name."""
        return {}

    def meet(self, players: Players) -> None:
        """Is given the players, once and before the first step: state may be as large as they."""

    def begin(self, players: Players, examples: Examples) -> None:
        """Sets what begins at the data, once, outside the graph and before the first step.

        Args:
            players: by role.
            examples: of training, as they are stored.
        """

    def roles(self) -> Mapping[str, Role]:
        """The networks of the game by name, in a lasting order."""
        raise NotImplementedError

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """Plays the turns of one step.

        Args:
            players: by role.
            batch: name → [b, k, …], k the round's turns, as the players see it.
            noise: the step's random streams.
            updates: all that may be asked of the optimizers.

        Returns:
            The losses of all turns and what else is to be watched, per example.
        """
        raise NotImplementedError

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """What the trained game can be asked.

        Args:
            networks: by role, in float32 and inference mode; averages where roles have them.
        """
        raise NotImplementedError

    def statistics_inputs(self, seed: tf.Tensor, examples: Batch | None) -> Mapping[str, Inputs]:
        """Inputs of averaged networks, by role, from which statistics are re-estimated.

        Args:
            seed: int64 [n], the same ones for ever.
            examples: n training examples as the players see them; None where there are none.
        """
        return {}

    def statistics_given(self, seed: tf.Tensor, examples: Batch | None) -> Inputs | None:
        """What fakes are made from, for lasting seeds: latents, a condition, keys.

        The condition is drawn, or else the examples' own; None where there are none. What networks
        of the condition's own make of it is still to be added (`conditioned`).
        """
        prior, condition = self.parts.prior, self.parts.condition
        keys = randomness.key_of(seed, "statistics latent")
        latent = {"latent": prior.sample(keys)} if prior.size else {}
        values = condition.draw(randomness.key_of(seed, "statistics label"))
        if values is not None:
            conditioning = condition.encode(values)
        elif examples is not None:
            conditioning = condition.of_batch(examples)
        else:
            return None
        key = {"key": randomness.key_of(seed, "statistics key").rows}
        return {**latent, **conditioning, **key}

    def statistics_of_both_ways(
        self, fields: Iterable[str], seed: tf.Tensor, examples: Batch | None
    ) -> dict[str, Inputs]:
        """What a generator makes samples from, and the samples that an encoder reads.

        The generator's condition is drawn where it can be; the encoder's is the examples' own.
        """
        given = self.statistics_given(seed, examples)
        inputs: dict[str, Inputs] = {} if given is None else {"generator": given}
        if examples is not None:
            real = {name: examples[name] for name in fields}
            inputs["encoder"] = {**real, **self.parts.condition.of_batch(examples)}
        return inputs

    def conditioned(self, given: Inputs, networks: Mapping[str, Network]) -> Inputs:
        """What is given, with what networks of the condition's own make of it."""
        return {**given, **self.parts.condition.embedded(given, networks)}

    def example_input(
        self, signature: str, name: str, examples: Mapping[str, np.ndarray]
    ) -> np.ndarray:
        """What training examples, as stored, hold for an input of a signature."""
        condition = self.parts.condition
        return (condition.of_examples(examples) if name in condition.request else examples)[name]

    def update_state(self, means: Mapping[str, tf.Tensor]) -> None:
        """Moves the state once a step, from global means of losses and what was watched."""

    # ---- Stages: another way to play from a step on ----

    def stages(self) -> tuple[int, ...]:
        """The steps at which another stage begins, ascending."""
        return ()

    def at(self, stage: int) -> "Round":
        """The round of a stage; stage i begins at the i-th of `stages`, stage 0 at the start."""
        return self

    def enter(self, stage: int, updater: Updater) -> None:
        """Prepares a stage before its first step, outside the graph and once.

        What has just joined the game has no past: its optimizer's slots may be reset here.
        """


def of_turn(batch: Batch, number: int) -> Batch:
    """The batch of one turn: name → [b, …]."""
    return {name: values[:, number] for name, values in batch.items()}
