"""InfoGAN: both sides raise the information that a sample holds of its codes."""

import math

import tensorflow as tf

from trainer import catalogue
from trainer.fields import Field
from trainer.game.adversarial_loss import GameTurn, Term
from trainer.game.parts import Parts
from trainer.game.priors import Part


class MutualInformation(Term):
    """-E[log Q(c | G(z, c))], the negative of a lower bound on I(c; G(z, c)) up to H(c).

    Q is a head of the discriminator, categorical for one-hot codes and a Gaussian of mean and
    log-deviation for continuous ones; its weights move with the discriminator's.

    Reference: Chen et al. 2016, "InfoGAN: interpretable representation learning by information
    maximizing generative adversarial nets", equation 5.
    """

    def __init__(self, options: catalogue.MutualInformation, parts: Parts) -> None:
        self.options = options
        self.codes = parts.prior.codes
        self.needs = {_head(part): Field((_parameters(part),), kind="head") for part in self.codes}

    def discriminator(self, turn: GameTurn) -> tf.Tensor:
        """The loss of each fake, float32 [b]."""
        return self._minus_bound(turn)

    def generator(self, turn: GameTurn) -> tf.Tensor:
        """The loss of each fake, float32 [b]."""
        return self._minus_bound(turn)

    def _minus_bound(self, turn: GameTurn) -> tf.Tensor:
        losses = []
        for part in self.codes:
            one_hot = part.kind == "one_hot"
            weight = self.options.weight if one_hot else self.options.continuous_weight
            code, answer = part.of(turn.given["latent"]), turn.fake.outputs[_head(part)]
            losses.append(weight * minus_log_likelihood(code, answer, one_hot=one_hot))
        return tf.add_n(losses)


def minus_log_likelihood(code: tf.Tensor, answer: tf.Tensor, *, one_hot: bool) -> tf.Tensor:
    """-log Q(c | x) in nats, float32 [b].

    Args:
        code: the true codes, [b, d].
        answer: logits [b, d] of a one-hot code; means and log-deviations [b, 2d] of others.
        one_hot: which of the two it is.
    """
    if one_hot:
        return tf.nn.softmax_cross_entropy_with_logits(code, answer)
    mean, log_deviation = tf.split(answer, 2, axis=-1)
    scaled = (code - mean) * tf.exp(-log_deviation)
    terms = 0.5 * tf.square(scaled) + log_deviation + 0.5 * math.log(2.0 * math.pi)
    return tf.reduce_sum(terms, axis=-1)


def _head(part: Part) -> str:
    return f"code_{part.name}"


def _parameters(part: Part) -> int:
    return part.size if part.kind == "one_hot" else 2 * part.size
