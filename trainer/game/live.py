"""A game in its present state with the interface of an export: what it can be asked, and how."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from serving.description import Description
from serving.exported import in_batches
from trainer.config.experiment import Experiment
from trainer.data import binarised, modalities
from trainer.data.examples import DataSpec, Examples, read
from trainer.data.order import example_at
from trainer.game import averaging
from trainer.game.adversarial_loss import Batch
from trainer.game.description import describe
from trainer.game.gan import GAN
from trainer.game.players import Inputs, Network
from trainer.game.signatures.signature import Signatures
from trainer.networks.ports import Reach

# How statistics are re-estimated: so many batches of so many rows, the same ones for ever.
_STATISTICS_BATCHES = 16
_STATISTICS_ROWS = 64


class LiveModel:
    """A game as `serving.exported.ExportedModel` shows an export: `run` and `description`.

    It computes in float32 whatever trains. `refresh` must come between training and asking.

    Args:
        build: makes a new network of a role in float32.
        offered: networks by role → what the game can be asked.
        examples: of training; without them the statistics stay those of the checkpoint.
        reaches: of the averaged networks that take pictures of any size.
    """

    def __init__(
        self,
        gan: GAN,
        experiment: Experiment,
        build: Callable[[str], keras.Model],
        offered: Callable[[Mapping[str, Network]], Signatures],
        examples: Examples | None = None,
        reaches: Mapping[str, Reach] | None = None,
    ) -> None:
        reaches = reaches or {}
        self.gan, self.experiment = gan, experiment
        self._examples = examples
        self._copies = {
            name: build(name)
            for name in gan.networks
            if name not in gan.averages and experiment.train.precision != "float32"
        }
        models = {**gan.networks, **self._copies, **gan.averages}
        self.networks = {
            name: Network(models[name], player.role, reaches.get(name))
            for name, player in gan.players.items()
        }
        self.signatures: Signatures = offered(self.networks)
        self._statistics = {
            name: averaging.Statistics(network.model) for name, network in self.networks.items()
        }
        self._statistics_inputs = tf.function(gan.round.statistics_inputs, autograph=False)
        self._traced: dict[str, Callable[..., Mapping[str, tf.Tensor]]] = {}

    @property
    def spec(self) -> DataSpec:
        """Of the data."""
        return self.gan.spec

    @property
    def description(self) -> Description:
        """What the model says of itself, as an export of it would."""
        return Description(describe(self.experiment, self, int(self.gan.step.numpy())))

    def refresh(self) -> None:
        """Brings the networks that are asked up to the training ones."""
        self.copy_weights()
        if not any(self._statistics.values()):
            return
        # In the order of the roles: what one network is given may be another's answer.
        for name, batches in self._statistics_batches().items():
            network = self.networks[name]
            whole = (self.gan.round.conditioned(inputs, self.networks) for inputs in batches)
            known = [network.known(inputs) for inputs in whole]
            self._statistics[name].reestimate(known)

    def copy_weights(self) -> None:
        """Brings the copies in float32 up to the training networks, and no statistics.

        A checkpoint that is restored needs no more: it was written with statistics that fit.
        """
        for name, copy in self._copies.items():
            averaging.copy_weights(self.gan.networks[name], copy)

    def run(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs of a signature for arrays of n rows each, n at least 1.

        It runs whole batches of the size that serving uses, the last one padded: the same bits.
        """
        if signature not in self._traced:
            self._traced[signature] = tf.function(
                self.signatures[signature].function, autograph=False
            )
        traced = self._traced[signature]

        def answer(batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            outputs = traced(**{name: tf.constant(array) for name, array in batch.items()})
            return {name: tensor.numpy() for name, tensor in outputs.items()}

        return in_batches(answer, inputs)

    @cached_property
    def bank(self) -> dict[str, np.ndarray]:
        """Training examples, as stored, that stand for all: name → rows, the same ones for ever.

        They are the first of a fixed order; further tables than the first have their own.
        """
        if self._examples is None:
            return {}
        count = _STATISTICS_BATCHES * _STATISTICS_ROWS
        rows: dict[str, np.ndarray] = {}
        for table in self._examples.tables:
            total = len(next(iter(table.values())))
            places = example_at(tf.range(count, dtype=tf.int64), total, 0).numpy()
            rows |= {name: read(values, places) for name, values in table.items()}
        black_and_white = binarised.names(self.spec, self.experiment.data)
        return rows | {name: binarised.once(rows[name]) for name in black_and_white}

    def example_input(self, signature: str, name: str) -> np.ndarray:
        """An input of a signature for the rows of the bank: its own field, or numbers as seeds."""
        count = len(next(iter(self.bank.values())))
        if self.signatures[signature].inputs[name].kind == "seed":
            return np.arange(count, dtype=np.int64)
        return self.gan.round.example_input(signature, name, self.bank)

    def _statistics_batches(self) -> dict[str, list[Inputs]]:
        """Inputs of averaged networks by role; nothing where there is nothing to see."""
        batches: dict[str, list[Inputs]] = {}
        for number in range(_STATISTICS_BATCHES):
            first = number * _STATISTICS_ROWS
            seed = tf.range(first, first + _STATISTICS_ROWS, dtype=tf.int64)
            inputs = self._statistics_inputs(seed, self._seen(first))
            for name, of_role in inputs.items():
                batches.setdefault(name, []).append(of_role)
        return {name: batches[name] for name in self.networks if name in batches}

    def _seen(self, first: int) -> Batch | None:
        """Rows of the bank as the players see them."""
        if not self.bank:
            return None
        part = slice(first, first + _STATISTICS_ROWS)
        fields: Mapping[str, Any] = self.spec.fields
        return {n: modalities.seen(rows[part], fields[n]) for n, rows in self.bank.items()}
