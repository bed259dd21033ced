"""The game as a Keras model: one `train_step` is one round, its updates and the moving average."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from trainer.data import modalities
from trainer.data.examples import DataSpec
from trainer.game import averaging
from trainer.game.players import Player, Players
from trainer.game.rounds.ordinary import Round
from trainer.game.updater import Learner, Updater
from trainer.randomness import Noise


class GAN(keras.Model):
    """A generator and a discriminator playing rounds against each other.

    Args:
        generator: `trainer.networks.ports.NetworkFamily.generator`'s model.
        discriminator: the same family's discriminator.
        average: a generator of the same shape in float32, which follows the first one's weights.
        round: the rules of play.
        spec: what is known of the data; batches arrive in its units.
        seed: base of every random number.
        ema_decay: decay of the averaged weights, in [0, 1).

    Example:
        gan = GAN(generator, discriminator, average=average, round=round, spec=spec)
        gan.compile(Learner(generator, Adam(2e-4)), Learner(discriminator, Adam(2e-4)))
        gan.fit(batches, steps_per_epoch=1000)
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        average: keras.Model,
        round: Round,
        spec: DataSpec,
        seed: int = 0,
        ema_decay: float = 0.999,
    ) -> None:
        super().__init__(name="gan")
        self.generator = generator
        self.discriminator = discriminator
        self.average = average
        self.round = round
        self.spec = spec
        self.seed = seed
        self.ema_decay = ema_decay
        # Steps played; the same on every replica.
        self.step = tf.Variable(
            0,
            dtype=tf.int64,
            trainable=False,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            name="step",
        )
        averaging.copy_weights(generator, average)

    def compile(self, generator: Learner, discriminator: Learner, **options: Any) -> None:
        """Gives each player its optimizer, built here so that replicas share its slots."""
        # Keras would make an optimizer of its own if it were given none.
        super().compile(optimizer=generator.optimizer, **options)
        self.generator_optimizer = generator.optimizer
        self.discriminator_optimizer = discriminator.optimizer
        for learner in (generator, discriminator):
            learner.optimizer.build(learner.network.trainable_variables)
        self.updater = Updater({"generator": generator, "discriminator": discriminator})

    def train_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Plays one round on this replica's part of a global batch.

        Args:
            batch: "sample" [b, k, *shape] in stored units, k the round's turns; "position" int64
                [b], each row's place in the global batch; "label" int64 [b, k] where there is one.

        Returns:
            Names to float32 scalars: means over this replica's examples.
        """
        batch = dict(batch)
        noise = Noise(self.seed, self.step, batch.pop("position"))
        batch["sample"] = modalities.seen(batch["sample"], self.spec.sample)
        players = Players(Player(self.generator, "latent"), Player(self.discriminator, "sample"))
        watched = self.round.play(players, batch, noise, self.updater.minimise)
        decay = averaging.ramped_decay(self.ema_decay, self.step)
        averaging.update(self.average, self.generator, decay)
        self.step.assign_add(1)
        return {name: tf.reduce_mean(values) for name, values in watched.items()}
