"""Instance noise: the discriminator sees everything through noise that fades."""

import math
from typing import Any

import tensorflow as tf

from trainer import catalogue, randomness
from trainer.errors import ConfigError
from trainer.game.adversarial_loss import Batch
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Outputs, Player, Players
from trainer.game.roles import DISCRIMINATOR, Role
from trainer.game.rounds.round import Round
from trainer.game.turns import Outcome, Updates
from trainer.game.wrappers.calls import Calls, Numbered
from trainer.game.wrappers.wrapper import Wrapper
from trainer.randomness import Noise


class InstanceNoise(Wrapper):
    """Every call of a discriminator in training sees x + σ_t ε, of real x and of fakes alike.

    ε is standard normal, a new one for every call, and

        σ_t = σ max(0, 1 - t / T)

    a function of the step t alone. Data and samples on disjoint supports overlap under noise, so
    the discriminator's gradient says something everywhere. All that is judged is noisy (also the
    latent of a pair), what a condition tells is not. Exports and `score` judge without noise.

    Reference: Sønderby et al. 2017, "Amortised MAP inference for image super-resolution", section
    3.2.1 and appendix C; Arjovsky & Bottou 2017, "Towards principled methods for training
    generative adversarial networks", section 3.

    Raises:
        ConfigError: when what is judged are symbols.
    """

    def __init__(self, options: catalogue.InstanceNoise, round: Round, parts: Parts) -> None:
        super().__init__(options, round, parts)
        if parts.spec.sample.kind == "tokens":
            raise ConfigError(
                "wrappers: received 'instance_noise', but the data's samples are symbols, between "
                "which nothing lies; leave it out."
            )
        # Names of what each discriminator judges.
        self._judged = {
            name: self._seen(role)
            for name, role in round.roles().items()
            if role.side == DISCRIMINATOR
        }

    def _seen(self, role: Role) -> tuple[str, ...]:
        conditioning = self.parts.condition.ports
        return tuple(name for name in role.inputs if name not in conditioning)

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        calls, sigma = Calls(noise.within("instance noise")), self.sigma(noise.step)
        noisy: dict[str, Any] = {
            name: _NoisyPlayer(players[name], judged, sigma, calls)
            for name, judged in self._judged.items()
        }
        outcome = self.round.play({**players, **noisy}, batch, noise, Numbered(updates, calls))
        rows = tf.shape(next(iter(outcome.losses.values())))[:1]
        return outcome | Outcome(watched={"instance_noise": tf.fill(rows, sigma)})

    def sigma(self, step: tf.Tensor) -> tf.Tensor:
        """The noise's standard deviation at a step, a float32 scalar."""
        left = 1.0 - tf.cast(step, tf.float32) / float(self.options.steps)
        return self.options.sigma * tf.maximum(left, 0.0)


class _NoisyPlayer:
    """A discriminator that sees what it judges through noise."""

    def __init__(
        self, player: Player, judged: tuple[str, ...], sigma: tf.Tensor, calls: Calls
    ) -> None:
        self._player, self._judged, self._sigma, self._calls = player, judged, sigma, calls

    def __call__(self, inputs: Inputs, *, freeze_statistics: bool = False) -> Outputs:
        noise = self._calls.next()
        seen = {name: self._noisy(name, inputs[name], noise) for name in self._judged}
        return self._player({**inputs, **seen}, freeze_statistics=freeze_statistics)

    def known(self, inputs: Inputs) -> dict[str, tf.Tensor]:
        """Those of the inputs that the network takes."""
        return self._player.known(inputs)

    def _noisy(self, name: str, values: tf.Tensor, noise: Noise) -> tf.Tensor:
        shape = tf.shape(values)
        keys, size = noise.keys(name), math.prod(values.shape[1:])

        def drawn() -> tf.Tensor:
            return self._sigma * tf.reshape(randomness.normal(keys, size), shape)

        # What has faded costs nothing.
        return values + tf.cond(self._sigma > 0.0, drawn, lambda: tf.zeros(shape))
