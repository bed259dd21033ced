"""Augmented games: the discriminator sees no picture as it is."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import Batch
from trainer.game.augmentations import Draw
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Outputs, Player, Players
from trainer.game.roles import DISCRIMINATOR
from trainer.game.rounds.round import Round
from trainer.game.turns import Outcome, Updates
from trainer.game.wrappers.calls import Calls, Numbered
from trainer.game.wrappers.wrapper import Wrapper
from trainer.randomness import Noise

_SIGN, _PROBABILITY = "sign(D(x))", "augmentation"


class Augment(Wrapper):
    """Every call of a discriminator in training sees augmented pictures, real and fake alike.

    Augmenting real examples alone would teach the generator the augmentations. Gradients flow
    through them. Exports and `score` judge pictures as they are.

    With `adaptive` the probability p of each augmentation follows how much the discriminator
    overfits: r = E[sign D(x)] over real examples is compared with a target,

        p ← p + sign(r - target) · images / (1000 · speed)

    every few steps, and kept in [0, 1] (the authors' code has no ceiling, but above one nothing
    more happens). It is state: checkpointed, and the same on all replicas.

    Reference: Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN training";
    adaptive: Karras et al. 2020, "Training generative adversarial networks with limited data",
    section 3.1.

    Raises:
        ConfigError: when no discriminator sees a picture.
    """

    def __init__(self, options: catalogue.Augment, round: Round, parts: Parts) -> None:
        super().__init__(options, round, parts)
        # The pictures and label maps that each discriminator sees.
        self._pictures = {
            name: pictures
            for name, role in round.roles().items()
            if role.side == DISCRIMINATOR
            and (pictures := {n: f for n, f in role.inputs.items() if f.is_picture})
        }
        if not self._pictures:
            sample = parts.spec.fields["sample"]
            raise ConfigError(
                "wrappers: received 'augment', but the discriminator sees no pictures (the data's "
                f"samples are of kind {sample.kind} and shape {sample.shape}); give data of "
                "pictures, or leave it out."
            )
        self._controller = _Controller(options, self._images(parts)) if options.adaptive else None

    def _images(self, parts: Parts) -> int:
        """Real examples of a step, over all replicas."""
        return parts.experiment.train.batch_size * self.turns

    @property
    def probability(self) -> tf.Tensor | float:
        """Of each augmentation, now."""
        if self._controller is None:
            return float(self.options.start)
        return tf.convert_to_tensor(self._controller.probability)

    @property
    def state(self) -> Mapping[str, tf.Variable]:
        """The controller's, where there is one."""
        own = {} if self._controller is None else self._controller.state
        return {**self.round.state, **own}

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        calls = Calls(noise.within("augment"))
        augmenting: dict[str, Any] = {
            name: _AugmentingPlayer(players[name], pictures, self, calls)
            for name, pictures in self._pictures.items()
        }
        outcome = self.round.play({**players, **augmenting}, batch, noise, Numbered(updates, calls))
        return outcome | Outcome(watched=self._watched(outcome))

    def _watched(self, outcome: Outcome) -> Mapping[str, tf.Tensor]:
        """The sign of the logits of real examples, of all discriminators, and p."""
        if self._controller is None:
            return {}
        logits = [x for n, x in outcome.watched.items() if n.rpartition("/")[2] == "real_logits"]
        signs = tf.sign(tf.concat(logits, axis=0))
        return {_SIGN: signs, _PROBABILITY: tf.fill(tf.shape(signs), self.probability)}

    def update_state(self, means: Mapping[str, tf.Tensor]) -> None:
        """See `Round.update_state`."""
        super().update_state(means)
        if self._controller is not None:
            self._controller.update(means[_SIGN])


class _Controller:
    """Moves the probability of augmentations; see `Augment`.

    Args:
        images: real examples of a step.
    """

    def __init__(self, options: catalogue.Augment, images: int) -> None:
        self.options, self.images = options, images
        self.probability = _variable(options.start, tf.float32)
        self.signs, self.steps = _variable(0.0, tf.float32), _variable(0, tf.int64)

    @property
    def state(self) -> dict[str, tf.Variable]:
        """p, and the sum of signs over the steps since it was moved."""
        return {
            "augmentation_probability": self.probability,
            "augmentation_signs": self.signs,
            "augmentation_steps": self.steps,
        }

    def update(self, sign: tf.Tensor) -> None:
        """Takes in the mean sign of a step; moves p after every so many of them."""
        options = self.options
        signs, steps = self.signs + sign, self.steps + 1
        due = steps >= options.every
        change = options.every * self.images / (1000.0 * options.speed)
        mean = signs / tf.cast(steps, tf.float32)
        moved = tf.clip_by_value(
            self.probability + change * tf.sign(mean - options.target_sign), 0.0, 1.0
        )
        self.probability.assign(tf.where(due, moved, self.probability))
        self.signs.assign(tf.where(due, 0.0, signs))
        self.steps.assign(tf.where(due, tf.constant(0, tf.int64), steps))


def _variable(value: float, dtype: tf.DType) -> tf.Variable:
    """A variable that is the same on all replicas."""
    return tf.Variable(
        value,
        dtype=dtype,
        trainable=False,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )


class _AugmentingPlayer:
    """A discriminator that sees augmented pictures; those of one row are changed alike."""

    def __init__(
        self, player: Player, pictures: Mapping[str, Field], wrapper: Augment, calls: Calls
    ) -> None:
        self._player, self._pictures = player, pictures
        self._wrapper, self._calls = wrapper, calls

    def __call__(self, inputs: Inputs, *, freeze_statistics: bool = False) -> Outputs:
        noise, wrapper = self._calls.next(), self._wrapper
        draw = Draw(wrapper.options.policy, noise.keys("augment"), wrapper.probability)
        seen = {
            name: draw(inputs[name], moves_only=field.kind == "label_map")
            for name, field in self._pictures.items()
        }
        return self._player({**inputs, **seen}, freeze_statistics=freeze_statistics)

    def known(self, inputs: Inputs) -> dict[str, tf.Tensor]:
        """Those of the inputs that the network takes."""
        return self._player.known(inputs)
