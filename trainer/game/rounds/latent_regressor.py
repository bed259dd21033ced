"""The latent regressor: a GAN, and an encoder that learns which latent a sample was made of."""

import tensorflow as tf

from trainer import catalogue
from trainer.game.adversarial_loss import Sample
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Players
from trainer.game.rounds.encoded import Encoded
from trainer.game.turns import Outcome


class LatentRegressor(Encoded):
    """The ordinary game beside min_E E‖E(G(z)) - z‖²; with `joint` the generator minimises it, too.

    The encoder never sees a real example in training: what it says of one is as good as the
    generator's samples are like it. A baseline for encoders that are learned by the game itself.

    Reference: Donahue et al. 2017, "Adversarial feature learning", section 4 (latent regressor).
    """

    def __init__(self, options: catalogue.LatentRegressorRound, parts: Parts) -> None:
        super().__init__(options, parts)

    def further(self, players: Players, fake: Sample, given: Inputs) -> Outcome:
        """How far latents lie from where the encoder reads them."""
        joint = self.options.joint
        seen = fake if joint else {name: tf.stop_gradient(x) for name, x in fake.items()}
        encoded = players["encoder"]({**given, **seen})["latent"]
        squares = tf.reduce_sum(tf.square(encoded - given["latent"]), axis=-1)
        return Outcome({"regression_loss": self.options.weight * squares})
