"""InfoGAN: both sides raise the information that a sample holds of its codes."""

import math
from collections.abc import Mapping

import tensorflow as tf

from trainer import catalogue
from trainer.fields import Field
from trainer.game.adversarial_loss import GameTurn, Term
from trainer.game.parts import Parts
from trainer.game.priors import Part


class MutualInformation(Term):
    """-E[log Q(c | G(z, c))], the negative of a lower bound on I(c; G(z, c)) up to H(c).

    Q is a head of the discriminator, categorical for one-hot codes and a Gaussian for continuous
    ones, whose deviation it says as well or which is one; its weights move with the
    discriminator's. Of a deviation of one the likelihood is bounded.

    Reference: Chen et al. 2016, "InfoGAN: interpretable representation learning by information
    maximizing generative adversarial nets", equation 5.
    """

    def __init__(self, options: catalogue.MutualInformation, parts: Parts) -> None:
        self.options = options
        self.codes = parts.prior.codes
        self.needs = {
            _head(part): Field((self._parameters(part),), kind="head") for part in self.codes
        }

    def discriminator(self, turn: GameTurn) -> tf.Tensor:
        """The loss of each fake, float32 [b]."""
        return self._minus_bound(turn)

    def generator(self, turn: GameTurn) -> tf.Tensor:
        """The loss of each fake, float32 [b]."""
        return self._minus_bound(turn)

    def read(self, turn: GameTurn) -> Mapping[str, tf.Tensor]:
        """The bound H(c) + log Q(c | G(z, c)) of each code, whatever it weighs, in nats.

        Beside that of a one-hot code stands H(c), which it cannot exceed.
        """
        found = {}
        for part in self.codes:
            one_hot = part.kind == "one_hot"
            code, answer = part.of(turn.given["latent"]), turn.fake.outputs[_head(part)]
            heard = information(code, answer, one_hot=one_hot)
            found[f"information_of_{part.name}"] = heard
            if one_hot:
                ceiling = entropy(part.size, one_hot=True)
                found[f"entropy_of_{part.name}"] = tf.fill(tf.shape(heard), ceiling)
        return found

    def _minus_bound(self, turn: GameTurn) -> tf.Tensor:
        losses = []
        for part in self.codes:
            one_hot = part.kind == "one_hot"
            weight = self.options.weight if one_hot else self.options.continuous_weight
            code, answer = part.of(turn.given["latent"]), turn.fake.outputs[_head(part)]
            losses.append(weight * minus_log_likelihood(code, answer, one_hot=one_hot))
        return tf.add_n(losses)

    def _parameters(self, part: Part) -> int:
        """Numbers by which Q answers a code."""
        learned = part.kind != "one_hot" and self.options.deviation == "learned"
        return 2 * part.size if learned else part.size


def information(code: tf.Tensor, answer: tf.Tensor, *, one_hot: bool) -> tf.Tensor:
    """H(c) + log Q(c | x) in nats, float32 [b], whose mean is a lower bound of I(c; x).

    The arguments are those of `minus_log_likelihood`, of codes as priors draw them.
    """
    known = minus_log_likelihood(code, answer, one_hot=one_hot)
    return entropy(code.shape[-1], one_hot=one_hot) - known


def entropy(size: int, *, one_hot: bool) -> float:
    """H(c) in nats: ln d of categories that are drawn alike, ln 2 for each number on [-1, 1]."""
    return math.log(size) if one_hot else size * math.log(2.0)


def minus_log_likelihood(code: tf.Tensor, answer: tf.Tensor, *, one_hot: bool) -> tf.Tensor:
    """-log Q(c | x) in nats, float32 [b].

    Args:
        code: the true codes, [b, d].
        answer: logits [b, d] of a one-hot code; of others means [b, d], of a Gaussian of deviation
            one, or means and log-deviations [b, 2d].
        one_hot: which of the two it is.
    """
    if one_hot:
        return tf.nn.softmax_cross_entropy_with_logits(code, answer)
    size = code.shape[-1]
    mean, log_deviation = answer[:, :size], answer[:, size:]
    if not log_deviation.shape[-1]:
        log_deviation = tf.zeros_like(mean)
    scaled = (code - mean) * tf.exp(-log_deviation)
    terms = 0.5 * tf.square(scaled) + log_deviation + 0.5 * math.log(2.0 * math.pi)
    return tf.reduce_sum(terms, axis=-1)


def _head(part: Part) -> str:
    return f"code_{part.name}"
