"""What each player minimises, as pairs of pure functions of logits.

Every function takes float32 logits of any one shape and returns losses of that shape: the updater
alone decides how examples are averaged. `real` and `fake` are the discriminator's logits of
real and generated examples; D = sigmoid(logit) where logits are probabilities.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tensorflow as tf

from trainer import catalogue
from trainer.fields import Field
from trainer.game.players import Inputs, Outputs


def _plain_logits(sample: Inputs, outputs: Outputs) -> tf.Tensor:
    return outputs["logits"]


@dataclass(frozen=True)
class Objective:
    """A pair of per-example losses.

    Attributes:
        discriminator: `(real_logits, fake_logits) -> loss`, elementwise.
        generator: `(fake_logits, real_logits) -> loss`, elementwise; only relativistic objectives
            look at the second argument.
        logits_are_probabilities: whether sigmoid(logit) estimates the probability of being real,
            so that D(x) and D(G(z)) can be shown.
        needs: the outputs it asks of the discriminator; a size it does not know is None, and some
            term must.
        reads: `(sample, outputs) -> logits`: [b], or one logit a patch [b, h, w].
        generator_sees_real: whether the generator's turn judges the real examples again.
    """

    discriminator: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    generator: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    logits_are_probabilities: bool = False
    needs: Mapping[str, Field] = dataclasses.field(default_factory=lambda: {"logits": Field()})
    reads: Callable[[Inputs, Outputs], tf.Tensor] = _plain_logits
    generator_sees_real: bool = False


def _log_loss_of_fakes(real: tf.Tensor, fake: tf.Tensor, real_label: float = 1.0) -> tf.Tensor:
    """-E[t log D(x) + (1 - t) log(1 - D(x))] - E[log(1 - D(G(z)))], t the real label."""
    targets = tf.fill(tf.shape(real), real_label)
    real_loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=real)
    return real_loss + tf.nn.softplus(fake)


def minimax(_: catalogue.Minimax) -> Objective:
    """min_G max_D E[log D(x)] + E[log(1 - D(G(z)))].

    Reference: Goodfellow et al. 2014, "Generative adversarial networks", equation 1.
    """
    return Objective(
        discriminator=_log_loss_of_fakes,
        generator=lambda fake, real: -tf.nn.softplus(fake),
        logits_are_probabilities=True,
    )


def non_saturating(options: catalogue.NonSaturating) -> Objective:
    """The generator minimises -log D(G(z)), whose gradient does not vanish when it loses.

    Reference: Goodfellow et al. 2014, section 3; one-sided smoothing: Salimans et al. 2016.
    """
    return Objective(
        discriminator=lambda real, fake: _log_loss_of_fakes(real, fake, options.real_label),
        generator=lambda fake, real: tf.nn.softplus(-fake),
        logits_are_probabilities=True,
    )


def least_squares(_: catalogue.LeastSquares) -> Objective:
    """½(D(x) - 1)² + ½D(G(z))² against ½(D(G(z)) - 1)².

    Reference: Mao et al. 2017, "Least squares generative adversarial networks", equation 9.
    """
    return Objective(
        discriminator=lambda real, fake: 0.5 * (tf.square(real - 1.0) + tf.square(fake)),
        generator=lambda fake, real: 0.5 * tf.square(fake - 1.0),
    )


def hinge(_: catalogue.Hinge) -> Objective:
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z))) against -D(G(z)).

    Reference: Lim & Ye 2017, "Geometric GAN".
    """
    return Objective(
        discriminator=lambda real, fake: tf.nn.relu(1.0 - real) + tf.nn.relu(1.0 + fake),
        generator=lambda fake, real: -fake,
    )


def wasserstein(_: catalogue.Wasserstein) -> Objective:
    """D(G(z)) - D(x) against -D(G(z)), for a critic that a penalty keeps 1-Lipschitz.

    Reference: Arjovsky et al. 2017, "Wasserstein generative adversarial networks".
    """
    return Objective(
        discriminator=lambda real, fake: fake - real,
        generator=lambda fake, real: -fake,
    )


def _log_sum_exp(sample: Inputs, outputs: Outputs) -> tf.Tensor:
    return tf.reduce_logsumexp(outputs["class_logits"], axis=-1)


def classes(options: catalogue.Classes) -> Objective:
    """D(x) = Z(x) / (Z(x) + 1), Z = Σ exp(l_k) over the logits of k classes; being fake has 0.

    The logit that is read is log Z, under which D = sigmoid(log Z); the losses are the log losses
    of `non_saturating`. A term says how many classes there are, and teaches them.

    Reference: Salimans et al. 2016, "Improved techniques for training GANs", section 5.
    """
    return Objective(
        discriminator=_log_loss_of_fakes,
        generator=lambda fake, real: options.generator_weight * tf.nn.softplus(-fake),
        logits_are_probabilities=True,
        needs={"class_logits": Field((None,))},
        reads=_log_sum_exp,
    )
