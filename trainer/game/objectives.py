"""What each player minimises, as pairs of pure functions of logits.

Every function takes float32 logits of any one shape and returns losses of that shape: the updater
alone decides how examples are averaged. `real` and `fake` are the discriminator's logits of
real and generated examples; D = sigmoid(logit) where logits are probabilities. Whatever an
objective looks at across examples is a mean over the global batch.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tensorflow as tf

from trainer import catalogue
from trainer.fields import Field
from trainer.game import replicas
from trainer.game.players import Inputs, Outputs


def _plain_logits(sample: Inputs, outputs: Outputs) -> tf.Tensor:
    return outputs["logits"]


@dataclass(frozen=True)
class Objective:
    """A pair of per-example losses.

    Attributes:
        discriminator: `(real_logits, fake_logits) -> loss`, a loss for each pair of them.
        generator: `(fake_logits, real_logits) -> loss`, likewise; only objectives with
            `generator_sees_real` look at the second argument.
        logits_are_probabilities: whether sigmoid(logit) estimates the probability of being real,
            so that D(x) and D(G(z)) can be shown.
        boundary: the logit between real and fake where it is no probability; None where there is
            none, as for a critic.
        needs: the outputs it asks of the discriminator; a size it does not know is None, and some
            term must.
        reads: `(sample, outputs) -> logits`: [b], or one logit a patch [b, h, w].
        generator_sees_real: whether the generator's turn judges the real examples again.
    """

    discriminator: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    generator: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    logits_are_probabilities: bool = False
    boundary: float | None = None
    needs: Mapping[str, Field] = dataclasses.field(default_factory=lambda: {"logits": Field()})
    reads: Callable[[Inputs, Outputs], tf.Tensor] = _plain_logits
    generator_sees_real: bool = False


def _log_losses(
    real: tf.Tensor, fake: tf.Tensor, real_label: float = 1.0, fake_label: float = 0.0
) -> tf.Tensor:
    """-t log D(x) - (1 - t) log(1 - D(x)) and the same of G(z): labels are probabilities t."""
    return _log_loss(real, real_label) + _log_loss(fake, fake_label)


def _log_loss(logits: tf.Tensor, label: float) -> tf.Tensor:
    labels = tf.fill(tf.shape(logits), label)
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)


def minimax(_: catalogue.Minimax) -> Objective:
    """min_G max_D E[log D(x)] + E[log(1 - D(G(z)))].

    Reference: Goodfellow et al. 2014, "Generative adversarial networks", equation 1.
    """
    return Objective(
        discriminator=_log_losses,
        generator=lambda fake, real: -tf.nn.softplus(fake),
        logits_are_probabilities=True,
    )


def non_saturating(options: catalogue.NonSaturating) -> Objective:
    """The generator minimises -log D(G(z)), whose gradient does not vanish when it loses.

    With real labels of t, a share p of all labels flipped, the discriminator's log losses have the
    labels (1 - p) t for real and p t for fake examples: the log loss is linear in its label, so
    this is the expectation over random flips, without their variance. A discriminator at its best
    then stays within [p t, (1 - p) t].

    Reference: Goodfellow et al. 2014, section 3; one-sided smoothing: Salimans et al. 2016.
    """
    label, flipped = options.real_label, options.flipped_labels
    of_real, of_fake = (1.0 - flipped) * label, flipped * label
    return Objective(
        discriminator=lambda real, fake: _log_losses(real, fake, of_real, of_fake),
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
        boundary=0.5,
    )


def hinge(_: catalogue.Hinge) -> Objective:
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z))) against -D(G(z)).

    Reference: Lim & Ye 2017, "Geometric GAN".
    """
    return Objective(
        discriminator=lambda real, fake: tf.nn.relu(1.0 - real) + tf.nn.relu(1.0 + fake),
        generator=lambda fake, real: -fake,
        boundary=0.0,
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
        discriminator=_log_losses,
        generator=lambda fake, real: options.generator_weight * tf.nn.softplus(-fake),
        logits_are_probabilities=True,
        needs={"class_logits": Field((None,))},
        reads=_log_sum_exp,
    )


def relativistic(_: catalogue.Relativistic) -> Objective:
    """-log σ(D(x) - D(G(z))) against the same with both exchanged, pair by pair (RpGAN).

    Reference: Jolicoeur-Martineau 2019, "The relativistic discriminator: a key element missing
    from standard GAN", section 4.1; with R1 and R2: Huang et al. 2024 (R3GAN).
    """
    return Objective(
        discriminator=lambda real, fake: tf.nn.softplus(fake - real),
        generator=lambda fake, real: tf.nn.softplus(real - fake),
        generator_sees_real=True,
    )


def _logistic(y: tf.Tensor) -> tf.Tensor:
    return tf.nn.softplus(-y)


def _hinge(y: tf.Tensor) -> tf.Tensor:
    return tf.nn.relu(1.0 - y)


def relativistic_average(options: catalogue.RelativisticAverage) -> Objective:
    """f(D(x) - E D(G(z))) + f(E D(x) - D(G(z))), against the same with both exchanged.

    f(y) = -log σ(y), or max(0, 1 - y); the means are over the global batch.

    Reference: Jolicoeur-Martineau 2019, section 4.2 and appendix.
    """
    f = {"logistic": _logistic, "hinge": _hinge}[options.loss]

    def losses(better: tf.Tensor, worse: tf.Tensor) -> tf.Tensor:
        return f(better - replicas.mean(worse)) + f(replicas.mean(better) - worse)

    return Objective(discriminator=losses, generator=losses, generator_sees_real=True)


def f_divergence(options: catalogue.FDivergence) -> Objective:
    """g(v) of real and f*(g(v)) of fake logits v, whose difference bounds D_f(P ‖ Q) from below.

        min_G max_v  E[g(v(x))] - E[f*(g(v(G(z))))]

    g keeps the bound within the domain of f's convex conjugate f*; at its best g(v) = f'(p/q).
    Without `zero_sum` the generator maximises E[g(v(G(z)))] instead.

    Reference: Nowozin et al. 2016, "f-GAN: training generative neural samplers using variational
    divergence minimization", equations 4 and 6, tables 2 and 6.
    """
    g, conjugate = _DIVERGENCES[options.divergence]
    return Objective(
        discriminator=lambda real, fake: conjugate(fake) - g(real),
        generator=lambda fake, real: -conjugate(fake) if options.zero_sum else -g(fake),
    )


def _minus_energy(sample: Inputs, outputs: Outputs) -> tf.Tensor:
    return -outputs["energy"]


def _no_margin() -> tf.Tensor:
    return tf.zeros([])


def energy(_: catalogue.Energy, margin: Callable[[], tf.Tensor] = _no_margin) -> Objective:
    """E(x) + max(0, m - E(G(z))) against E(G(z)), E the energy that the judge assigns.

    The logit that is read is -E, so that larger is more real here, too. The margin m is in units of
    E; the round finds it.

    Reference: Zhao et al. 2017, "Energy-based generative adversarial network", equations 1 and 2.
    """
    return Objective(
        discriminator=lambda real, fake: tf.nn.relu(margin() + fake) - real,
        generator=lambda fake, real: -fake,
        needs={"energy": Field()},
        reads=_minus_energy,
    )


_LOG_2 = math.log(2.0)
_OfLogits = Callable[[tf.Tensor], tf.Tensor]
# By divergence: g(v), and f*(g(v)) written out, so that neither leaves the range of float32 sooner
# than it must.
_DIVERGENCES: Mapping[str, tuple[_OfLogits, _OfLogits]] = {
    "kl": (tf.identity, lambda v: tf.exp(v - 1.0)),
    "reverse_kl": (lambda v: -tf.exp(-v), lambda v: v - 1.0),
    "pearson": (tf.identity, lambda v: 0.25 * tf.square(v) + v),
    "squared_hellinger": (lambda v: 1.0 - tf.exp(-v), lambda v: tf.exp(v) - 1.0),
    "jensen_shannon": (
        lambda v: _LOG_2 - tf.nn.softplus(-v),
        lambda v: tf.nn.softplus(v) - _LOG_2,
    ),
}
