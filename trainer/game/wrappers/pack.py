"""Packing: the discriminator judges several samples at once."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import tensorflow as tf

from trainer.fields import Field
from trainer.game.adversarial_loss import Batch
from trainer.game.players import Inputs, Network, Outputs, Player, Players
from trainer.game.roles import Role
from trainer.game.signatures.signature import Signatures
from trainer.game.turns import Outcome, Updates
from trainer.game.wrappers.wrapper import Wrapper
from trainer.randomness import Noise

_JUDGE = "discriminator"


class Pack(Wrapper):
    """The discriminator is shown m samples side by side, all real or all fake.

    A generator that repeats itself shows it then. Neighbours in the batch are packed, so packs do
    not depend on how replicas share the batch; logits are one a pack. There is no `score`: one
    sample alone cannot be judged.

    Reference: Lin et al. 2018, "PacGAN: the power of two samples in generative adversarial
    networks".
    """

    def roles(self) -> Mapping[str, Role]:
        """The discriminator's inputs are m times as wide."""
        roles = dict(self.round.roles())
        role = roles[_JUDGE]
        inputs = {name: self._packed_field(field) for name, field in role.inputs.items()}
        return {**roles, _JUDGE: replace(role, inputs=inputs)}

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        packing: Any = _PackingPlayer(players[_JUDGE], self.options.samples)
        return self.round.play({**players, _JUDGE: packing}, batch, noise, updates)

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """All but those that judge single samples."""
        offered = self.round.signatures(networks)
        return {name: s for name, s in offered.items() if name not in ("score", "classify")}

    def _packed_field(self, field: Field) -> Field:
        last = (field.shape[-1] or 1) * self.options.samples
        return replace(field, shape=(*field.shape[:-1], last))


class _PackingPlayer:
    """A judge of packs that takes single samples."""

    def __init__(self, player: Player, samples: int) -> None:
        self._player, self._samples = player, samples

    def __call__(self, inputs: Inputs, *, freeze_statistics: bool = False) -> Outputs:
        known = self._player.known(inputs)
        packed = {name: packs(values, self._samples) for name, values in known.items()}
        return self._player(packed, freeze_statistics=freeze_statistics)


def packs(values: tf.Tensor, samples: int) -> tf.Tensor:
    """[b, …, c] → [b / m, …, m·c]: m neighbours side by side in the last axis."""
    sides = values.shape[1:].as_list()
    grouped = tf.reshape(values, [-1, samples, *sides])
    order = [0, *range(2, len(sides) + 1), 1, len(sides) + 1]
    return tf.reshape(tf.transpose(grouped, order), [-1, *sides[:-1], samples * sides[-1]])
