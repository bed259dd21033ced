"""Progressive growing: the game begins on small pictures, and its networks grow with them."""

import copy
from contextlib import ExitStack
from typing import Any

import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.game.adversarial_loss import Batch
from trainer.game.parts import Parts
from trainer.game.players import Players
from trainer.game.rounds.round import Round
from trainer.game.turns import Outcome, Updates
from trainer.game.updater import Updater
from trainer.game.wrappers.wrapper import Wrapper
from trainer.randomness import Noise


class Grow(Wrapper):
    """From the lowest resolution up, each further level is faded in and then played for a while.

    The first level is played for `steady` steps. Each further level k begins with a fade of `fade`
    steps, α rising from 0 to 1 in

        G_k = (1 - α) up(rgb_{k-1}(h_{k-1})) + α rgb_k(h_k),

    likewise in the discriminator, and is then played for `steady` steps; the last one to the end.
    Real pictures are shown as the level has them: pooled by averages, and blended with their own
    pooled copy during a fade. Both optimizers begin anew with every level. All of it is a function
    of the step; pictures keep the data's size throughout.

    Reference: Karras et al. 2018, "Progressive growing of GANs for improved quality, stability,
    and variation", section 2 and appendix A.
    """

    def __init__(self, options: catalogue.Grow, round: Round, parts: Parts) -> None:
        super().__init__(options, round, parts)
        network: Any = parts.experiment.network_of("generator")
        self.shape = parts.spec.sample.fixed_shape
        self.levels = len(network.resolutions(*self.shape[:2])) if len(self.shape) == 3 else 1
        self.level = 0
        if self.levels == 1:
            raise ConfigError(
                f"wrappers: received 'grow' with samples of shape {self.shape}, which cannot be "
                f"halved down to {network.smallest}; lower network.smallest, set data.size, or "
                "leave the wrapper out."
            )

    def stages(self) -> tuple[int, ...]:
        """The steps at which the second level begins, the third, and so on."""
        steady, fade = self.options.steady, self.options.fade
        return tuple(steady + k * (fade + steady) for k in range(self.levels - 1))

    def at(self, stage: int) -> Round:
        """The game of a level."""
        there = copy.copy(self)
        there.level = stage
        return there

    def enter(self, stage: int, updater: Updater) -> None:
        """Lets the optimizers begin anew, as new layers do."""
        self.round.enter(stage, updater)
        updater.forget()

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        growth = self.growth(noise.step)
        shown = as_level(batch["sample"], self.level, self.levels, growth)
        with ExitStack() as stack:
            for player in players.values():
                player.model.growth.assign(growth)
                stack.enter_context(player.called_with(level=self.level))
            return self.round.play(players, {**batch, "sample": shown}, noise, updates)

    def growth(self, step: tf.Tensor) -> tf.Tensor:
        """How far a step of this level's stage has come: k - 1 + α, a float32 scalar."""
        if not self.level:
            return tf.zeros([])
        since = tf.cast(step - self.stages()[self.level - 1], tf.float32)
        share = since / self.options.fade if self.options.fade else tf.ones([])
        return self.level - 1.0 + tf.clip_by_value(share, 0.0, 1.0)


def as_level(pictures: tf.Tensor, level: int, levels: int, growth: tf.Tensor) -> tf.Tensor:
    """Pictures as a level has them, in their own size.

    Args:
        pictures: float32 [..., h, w, c].
        level: pictures are halved `levels - 1 - level` times.
        levels: how many there are.
        growth: `level - 1 + α`: they are blended with a copy that is halved once more, of share
            1 - α. Level 0 has no copy.

    Returns:
        float32 of the same shape, enlarged by repeating pixels.
    """
    flat = tf.reshape(pictures, [-1, *pictures.shape[-3:]])
    factor = 2 ** (levels - 1 - level)
    own = _coarse(flat, factor)
    if level:
        share = growth - (level - 1.0)
        own = (1.0 - share) * _coarse(flat, 2 * factor) + share * own
    return tf.reshape(own, tf.shape(pictures))


def _coarse(pictures: tf.Tensor, factor: int) -> tf.Tensor:
    """Blocks of pixels replaced by their mean."""
    if factor == 1:
        return pictures
    pooled = tf.nn.avg_pool2d(pictures, factor, factor, "VALID")
    return tf.repeat(tf.repeat(pooled, factor, axis=1), factor, axis=2)
