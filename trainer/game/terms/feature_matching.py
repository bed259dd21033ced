"""Feature matching: the generator's samples are to look alike on average."""

import tensorflow as tf

from trainer import catalogue
from trainer.fields import Field
from trainer.game import replicas
from trainer.game.adversarial_loss import GameTurn, Judged, Term
from trainer.game.parts import Parts


class FeatureMatching(Term):
    """‖E f(x) - E f(G(z))‖², f the discriminator's last hidden layer.

    The means are of the global batch, so it is not a mean over examples: each is given the whole
    distance, and their mean is the distance again.

    Reference: Salimans et al. 2016, "Improved techniques for training GANs", section 3.1.
    """

    sees_real = True

    def __init__(self, options: catalogue.FeatureMatching, parts: Parts) -> None:
        self.options = options
        self.needs = {"features": Field((None,), kind="features")}

    def generator(self, turn: GameTurn) -> tf.Tensor:
        """The distance, once for each fake, float32 [b]."""
        assert turn.real is not None
        real, fake = replicas.summed([_mean(turn.real), _mean(turn.fake)])
        gap = (real - fake) / float(replicas.count())
        rows = tf.shape(turn.fake.outputs["features"])[0]
        return tf.fill([rows], self.options.weight * tf.reduce_sum(tf.square(gap)))


def _mean(judged: Judged) -> tf.Tensor:
    """The mean features of this replica's examples."""
    return tf.reduce_mean(judged.outputs["features"], axis=0)
