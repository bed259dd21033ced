"""A Gaussian q(z | x) = N(μ(x), σ²(x)) over latents, as a stochastic encoder gives it."""

from collections.abc import Mapping

import tensorflow as tf

from trainer import randomness
from trainer.fields import Field
from trainer.game.players import Outputs


def moments(size: int) -> Mapping[str, Field]:
    """What an encoder answers for it: "mean" and "log_variance", float32 [z] each."""
    return {"mean": Field((size,)), "log_variance": Field((size,))}


def sampled(posterior: Outputs, keys: randomness.Key) -> tf.Tensor:
    """μ + σ ε, each row's ε ~ N(0, I) from its own key: float32 [b, z].

    ε is drawn without regard to μ and σ, so the gradient of any f(z) reaches both: ∂f/∂μ = f' and
    ∂f/∂log σ² = ½ σ ε f'.

    Reference: Kingma & Welling 2014, "Auto-encoding variational Bayes", section 2.4.
    """
    mean, log_variance = posterior["mean"], posterior["log_variance"]
    return mean + tf.exp(0.5 * log_variance) * randomness.normal(keys, mean.shape[-1])


def divergence(posterior: Outputs) -> tf.Tensor:
    """KL(N(μ, σ²) ‖ N(0, I)) = ½ Σ (σ² + μ² - 1 - log σ²) in nats, float32 [b].

    Reference: Kingma & Welling 2014, appendix B, which gives -KL.
    """
    mean, log_variance = posterior["mean"], posterior["log_variance"]
    terms = tf.exp(log_variance) + tf.square(mean) - 1.0 - log_variance
    return 0.5 * tf.reduce_sum(terms, axis=-1)


def log_weight(posterior: Outputs, z: tf.Tensor, distortion: tf.Tensor) -> tf.Tensor:
    """Log p(x, z) - log q(z | x) in nats, float32 [b].

    Its mean over z of q is the evidence lower bound; the mean of its exponential is p(x).

    Args:
        posterior: q(z | x).
        z: drawn from it, [b, z].
        distortion: -log p(x | z), [b].

    Reference: Burda et al. 2016, "Importance weighted autoencoders", equation 8.
    """
    mean, log_variance = posterior["mean"], posterior["log_variance"]
    drawn = tf.square(z - mean) * tf.exp(-log_variance)
    prior_to_posterior = 0.5 * tf.reduce_sum(drawn + log_variance - tf.square(z), axis=-1)
    return prior_to_posterior - distortion
