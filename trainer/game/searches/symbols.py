"""Symbols without a generator: what a search finds when nothing says what is likely."""

import tensorflow as tf

from trainer import catalogue, randomness
from trainer.game import priors
from trainer.game.searches.subject import Conditioning, Subject


class FreeSymbols(Subject):
    """Sequences that are a softmax of free numbers, as if a generator had made them of a latent.

    The numbers of a place and symbol begin as standard normal ones, by the row's seed.

    Args:
        subject: whose judge, predictor and symbols these are.

    Reference: Killoran et al. 2017, "Generating and designing DNA with deep generative models",
    section 3.2 (activation maximisation), after Simonyan et al. 2014.
    """

    def __init__(self, subject: Subject) -> None:
        self.offered, self.objective, self.conditioning = (
            subject.offered,
            subject.objective,
            subject.conditioning,
        )
        self.output, self.field = subject.output, subject.field
        self.prior = priors.gaussian(catalogue.GaussianPrior(size=subject.field.size))

    def made(self, latent: tf.Tensor, conditioning: Conditioning) -> tf.Tensor:
        """Numbers [n, T · V] → distributions over symbols [n, T, V]."""
        return tf.nn.softmax(tf.reshape(latent, [-1, *self.field.fixed_shape]))

    def drawn(self, seed: tf.Tensor) -> tf.Tensor:
        """Seeds int64 [n] → where a search begins, float32 [n, T · V]."""
        return self.prior.sample(randomness.key_of(seed, "symbols"))
