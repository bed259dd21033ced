"""Pulling away: the codes of generated samples are to point in different directions."""

import tensorflow as tf

from trainer import catalogue
from trainer.fields import Field
from trainer.game import replicas
from trainer.game.adversarial_loss import GameTurn, Term
from trainer.game.parts import Parts


class PullingAway(Term):
    """The mean squared cosine between the codes s of different fakes, for the generator alone.

        1 / (N (N - 1)) Σ_i Σ_{j ≠ i} (s_i · s_j / ‖s_i‖ ‖s_j‖)².

    A code is the judge's last hidden layer: of an energy, what its encoder answers. The sum is over
    all pairs of the global batch; each fake is given its own part, the mean over its N - 1 others.

    Reference: Zhao et al. 2017, "Energy-based generative adversarial network", equation 4.
    """

    def __init__(self, options: catalogue.PullingAway, parts: Parts) -> None:
        self.options = options
        self.needs = {"features": Field((None,), kind="features")}

    def generator(self, turn: GameTurn) -> tf.Tensor:
        """Each fake's mean squared cosine with the others, float32 [n]."""
        codes = tf.math.l2_normalize(turn.fake.outputs["features"], axis=1, epsilon=1e-12)
        cosines = tf.matmul(codes, replicas.gathered(codes), transpose_b=True)
        own = tf.square(tf.reduce_sum(tf.square(codes), axis=1))
        others = tf.cast(tf.shape(cosines)[1] - 1, tf.float32)
        return self.options.weight * (tf.reduce_sum(tf.square(cosines), axis=1) - own) / others
