"""Mode seeking: what is made of two latents under one condition is to lie apart."""

import tensorflow as tf

from trainer import catalogue
from trainer.data.examples import sample_of
from trainer.game import replicas
from trainer.game.adversarial_loss import GameTurn, Sample, Term
from trainer.game.parts import Parts

# Keeps the loss finite where all fakes are alike.
_EPSILON = 1e-5


class ModeSeeking(Term):
    """L_G += w / (E|G(z, c) - G(z', c)| / E|z - z'| + ε), |·| the mean absolute difference.

    The generator makes of each condition a second fake, from another latent z'. Both means are of
    the global batch, so each fake is given the whole loss. The paper maximises the ratio; its
    reciprocal, which pulls the harder the more alike fakes are, is its authors' code.

    Reference: Mao et al. 2019, "Mode seeking generative adversarial networks for diverse image
    synthesis", equation 3.
    """

    def __init__(self, options: catalogue.ModeSeeking, parts: Parts) -> None:
        self.options, self.prior = options, parts.prior

    def generator(self, turn: GameTurn) -> tf.Tensor:
        """The reciprocal of the ratio, once for each fake, float32 [b]."""
        latent = turn.given["latent"]
        other = self.prior.sample(turn.noise.within("mode seeking").keys("latent"))
        made = turn.players["generator"]({**turn.given, "latent": other}, freeze_statistics=True)
        own = turn.fake.sample
        apart = _difference(_values(made), _values(own)) / _difference(other, latent)
        loss = self.options.weight / (apart + _EPSILON)
        return tf.fill([tf.shape(latent)[0]], loss)


def _values(sample: Sample) -> tf.Tensor:
    return tf.cast(sample[sample_of(sample)], tf.float32)


def _difference(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """E|a - b| over the global batch."""
    return replicas.mean(tf.abs(a - b))
