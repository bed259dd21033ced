"""Known densities on a line, and the integrals of theory by quadrature.

Densities are float64 arrays over `LINE`, an even grid on which the trapezoidal rule has many digits
for what is smooth and vanishes at the ends.
"""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from trainer import catalogue

LINE = np.linspace(-12.0, 12.0, 4801)
# Losses of logits [n], float64 [n].
Loss = Callable[[np.ndarray], np.ndarray]
# Keeps the logarithm of a density that has underflowed finite; its weight is as small.
_TINY = 1e-300


def normal(mean: float, spread: float) -> np.ndarray:
    """The density of N(mean, spread²) on the line."""
    return np.exp(-0.5 * ((LINE - mean) / spread) ** 2) / (spread * np.sqrt(2.0 * np.pi))


def mixture(
    shares: Sequence[float], means: Sequence[float], spreads: Sequence[float]
) -> np.ndarray:
    """The density of a mixture of normal ones on the line."""
    parts = zip(shares, means, spreads, strict=True)
    return np.sum([share * normal(mean, spread) for share, mean, spread in parts], axis=0)


def integral(values: np.ndarray) -> float:
    """∫ over the line."""
    return float(np.trapezoid(values, LINE))


def kl(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p ‖ q) = ∫ p log(p / q), in nats."""
    return integral(p * (np.log(p + _TINY) - np.log(q + _TINY)))


def js(p: np.ndarray, q: np.ndarray) -> float:
    """JS(p, q) = ½ KL(p ‖ m) + ½ KL(q ‖ m), m = ½(p + q); between 0 and log 2."""
    middle = 0.5 * (p + q)
    return 0.5 * kl(p, middle) + 0.5 * kl(q, middle)


def best_logit(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The logit of D* = p / (p + q): log p - log q.

    Reference: Goodfellow et al. 2014, proposition 1.
    """
    return np.log(p + _TINY) - np.log(q + _TINY)


def value(p: np.ndarray, q: np.ndarray, logit: np.ndarray) -> float:
    """V(D, G) = E_p[log D] + E_q[log(1 - D)] of a discriminator that is known on the line.

    The library's own minimax losses are integrated: of its discriminator, which minimises -V, the
    part of real examples at p and the part of fakes at q.
    """
    of_real, of_fakes = minimax_parts()
    parts = p * of_real(logit) + q * of_fakes(logit)
    return -integral(parts)


def minimax_parts() -> tuple[Loss, Loss]:
    """The library's minimax discriminator loss of real logits, and of fake ones.

    Its loss is a sum of one function of each; at a logit of -∞ and ∞ the other one is zero.
    """
    options = catalogue.Minimax()
    loss = catalogue.resolve(options)(options).discriminator
    far = 1e4

    def of_real(logit: np.ndarray) -> np.ndarray:
        real = tf.constant(logit, tf.float32)
        return loss(real, tf.fill(real.shape, -far)).numpy().astype(np.float64)

    def of_fakes(logit: np.ndarray) -> np.ndarray:
        fake = tf.constant(logit, tf.float32)
        return loss(tf.fill(fake.shape, far), fake).numpy().astype(np.float64)

    return of_real, of_fakes
